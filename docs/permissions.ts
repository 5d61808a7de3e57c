import { type Permission, permissionMatrix } from '../contract/shared/permissions.ts';
import { demandsOf, isScoped, type Policy } from '../contract/shared/policy.ts';
import type { Contract, Route } from '../contract/shared/route.ts';

const roles = ['platform_admin', 'admin', 'member', 'system_agent'] as const;

const introduction = `# Roles and permissions

A membership has the role \`admin\` or \`member\` and gives the permissions of its column in that account. \`platform_admin\` is a flag of a user:
it adds the six \`platform.*\` in every account of his; its column is what such a user holds in his personal account. \`system_agent\` is the
built-in service user. Any other role gives nothing.

An API key has at most what its creator has at the time of the call, and never a \`platform.*\`.`;

const excuses: Record<NonNullable<Policy['or']>, string> = {
  owner: 'or being its owner',
  self: 'or being the user of the path',
  'platform.admin': 'or being an admin of the platform',
};

/** A page for people: which role holds which permission, and what each permission opens. */
export function permissionsFile(contract: Contract): string {
  const routes = Object.values(contract).flatMap((resource) => Object.values(resource));
  const parts = [
    '<!-- Generated from the contract by docs/permissions.ts; do not edit. -->',
    introduction,
    '## Who holds what',
    matrix(),
    '## What a permission opens',
    'An operation that names several permissions asks for all of them.',
    ...opened(routes),
    '## What asks for no permission',
    'Membership of the active account is enough, or nothing at all where the operation is public or of the user alone.',
    list(routes.filter(({ metadata }) => asked(metadata).length === 0).map((route) => `${title(route)} (${whoMayCall(route.metadata)})`)),
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

/** Every permission with the operations that ask for it; those that open nothing yet come last, in one line. */
function opened(routes: Route[]): string[] {
  const permissions = Object.keys(permissionMatrix) as Permission[];
  const linesOf = (permission: Permission) =>
    routes.filter(({ metadata }) => asked(metadata).includes(permission)).map((route) => line(route, permission));
  const closed = permissions.filter((permission) => linesOf(permission).length === 0);
  return [
    ...permissions.filter((permission) => !closed.includes(permission)).flatMap((name) => [`### \`${name}\``, list(linesOf(name))]),
    `Nothing yet: ${closed.map((name) => `\`${name}\``).join(', ')}.`,
  ];
}

const asked = (policy: Policy) => [...new Set([...demandsOf(policy), ...(isScoped(policy) ? demandsOf(policy, 'platform') : [])])];

function line({ metadata, ...route }: Route, permission: Permission): string {
  const scope = demandsOf(metadata).includes(permission) ? 'account' : 'platform';
  const others = demandsOf(metadata, scope).filter((other) => other !== permission);
  const notes = [
    isScoped(metadata) && `with scope \`${scope}\``,
    others.length > 0 && `with ${others.map((other) => `\`${other}\``).join(', ')}`,
    metadata.or && excuses[metadata.or],
  ].filter(Boolean);
  return [title(route), ...notes].join(', ');
}

const whoMayCall = ({ auth, account }: Policy) =>
  auth === 'public'
    ? 'anybody'
    : account === 'optional'
      ? 'any signed-in user'
      : auth === 'user+key'
        ? 'any member, also by key'
        : 'any member';
const title = ({ method, path }: Pick<Route, 'method' | 'path'>) => `\`${method} ${path}\``;
const list = (lines: string[]) => lines.map((each) => `- ${each}`).join('\n');
