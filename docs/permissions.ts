import { type Permission, permissionMatrix, servicePermissions } from '../contract/shared/permissions.ts';
import { isScoped, type Policy, requiredPermissionsOf, serviceScopesOf } from '../contract/shared/policy.ts';
import type { Contract, Route } from '../contract/shared/route.ts';

const roles = ['platform_admin', 'admin', 'member', 'system_agent'] as const;

const introduction = `# Roles and permissions

A member of an account has the role \`admin\` or \`member\`, with the permissions of that column in the account. \`platform_admin\` is a flag of a user:
it adds the \`platform.*\` permissions in all of their accounts. Its column shows the permissions of such a user in their personal account.
\`system_agent\` is the built-in service user. Any other role has no permissions.

An API key never has more permissions than its creator at the time of the call, and never has \`platform.*\` permissions. A service key has its scopes and
nothing else: see [Service keys](service-keys.md).`;

const exemptions: Record<NonNullable<Policy['exempt']>, string> = {
  owner: 'or as its owner',
  self: 'or as the user in the path',
  'platform.admin': 'or as a platform admin',
};

/** The permissions guide: the permissions of each role, and the operations that require them. */
export function permissionsFile(contract: Contract): string {
  const routes = Object.values(contract).flatMap((resource) => Object.values(resource));
  const parts = [
    '<!-- Generated from the contract by docs/permissions.ts; do not edit. -->',
    introduction,
    '## Permissions by role',
    matrix(),
    '## Operations by permission',
    'An operation with several permissions requires all of them.',
    ...operationsByPermission(routes),
    '## Operations by scope of a service key',
    'A service key can call these operations and no others. One of the scopes is enough.',
    ...servicePermissions.flatMap((scope) => [
      `### Scope \`${scope}\``,
      list(routes.filter(({ metadata }) => serviceScopesOf(metadata).includes(scope)).map(title)),
    ]),
    '## Operations without a permission',
    'These operations require only membership in the active account. Public operations and operations that concern only the user do not require it.',
    list(
      routes
        .filter(({ metadata }) => permissionsOf(metadata).length === 0)
        .map((route) => `${title(route)} (${whoMayCall(route.metadata)})`),
    ),
  ];
  return `${parts.join('\n\n')}\n`;
}

function matrix() {
  const rows = Object.entries(permissionMatrix).map(
    ([permission, holders]) =>
      `| \`${permission}\` | ${roles.map((role) => ((holders as readonly string[]).includes(role) ? '✓' : '')).join(' | ')} |`,
  );
  return [`| Permission | ${roles.map((role) => `\`${role}\``).join(' | ')} |`, `|---|${':-:|'.repeat(roles.length)}`, ...rows].join('\n');
}

/** All permissions with the operations that require them. Permissions that no operation requires come last, in one line. */
function operationsByPermission(routes: Route[]): string[] {
  const permissions = Object.keys(permissionMatrix) as Permission[];
  const linesOf = (permission: Permission) =>
    routes.filter(({ metadata }) => permissionsOf(metadata).includes(permission)).map((route) => line(route, permission));
  const closed = permissions.filter((permission) => linesOf(permission).length === 0);
  return [
    ...permissions.filter((permission) => !closed.includes(permission)).flatMap((name) => [`### \`${name}\``, list(linesOf(name))]),
    `No operation requires these permissions: ${closed.map((name) => `\`${name}\``).join(', ')}.`,
  ];
}

const permissionsOf = (policy: Policy) => [
  ...new Set([...requiredPermissionsOf(policy), ...(isScoped(policy) ? requiredPermissionsOf(policy, 'platform') : [])]),
];

function line({ metadata, ...route }: Route, permission: Permission): string {
  const scope = requiredPermissionsOf(metadata).includes(permission) ? 'account' : 'platform';
  const others = requiredPermissionsOf(metadata, scope).filter((other) => other !== permission);
  const notes = [
    isScoped(metadata) && `with scope \`${scope}\``,
    others.length > 0 && `with ${others.map((other) => `\`${other}\``).join(', ')}`,
    metadata.exempt && exemptions[metadata.exempt],
  ].filter(Boolean);
  return [title(route), ...notes].join(', ');
}

const whoMayCall = ({ auth, account }: Policy) =>
  auth === 'public'
    ? 'anyone'
    : account === 'optional'
      ? 'any signed-in user'
      : auth === 'user+key'
        ? 'any member or API key'
        : 'any member';
const title = ({ method, path }: Pick<Route, 'method' | 'path'>) => `\`${method} ${path}\``;
const list = (lines: string[]) => lines.map((each) => `- ${each}`).join('\n');
