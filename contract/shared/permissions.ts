/** The roles that have each permission. */
export const permissionMatrix = {
  'account.members.invite': ['platform_admin', 'admin'],
  'account.members.list': ['platform_admin', 'admin'],
  'account.members.revoke': ['platform_admin', 'admin'],
  'account.teams.read': ['platform_admin', 'admin', 'member'],
  'account.teams.manage': ['platform_admin', 'admin'],
  'account.audit_read': ['platform_admin', 'admin'],
  'account.ip_rules.manage': ['platform_admin', 'admin'],
  'data.threads.read': ['platform_admin', 'admin', 'member'],
  'data.threads.write': ['platform_admin', 'admin', 'member'],
  'data.runs.read': ['platform_admin', 'admin', 'member'],
  'data.runs.write': ['platform_admin', 'admin', 'member'],
  'data.completions.write': ['platform_admin', 'admin', 'member'],
  'data.memories.read': ['platform_admin', 'admin', 'member'],
  'data.memories.write': ['platform_admin', 'admin', 'member'],
  'data.api_keys.manage': ['platform_admin', 'admin', 'member'],
  'data.personas.read': ['platform_admin', 'admin', 'member', 'system_agent'],
  'data.personas.manage': ['platform_admin', 'admin', 'system_agent'],
  'data.llm_credentials.manage': ['platform_admin', 'admin', 'system_agent'],
  'data.mcp_configs.manage': ['platform_admin', 'admin', 'system_agent'],
  'data.secrets.manage': ['platform_admin', 'admin'],
  'data.projects.read': ['platform_admin', 'admin', 'member', 'system_agent'],
  'data.projects.manage': ['platform_admin', 'admin', 'system_agent'],
  'data.skills.read': ['platform_admin', 'admin', 'member', 'system_agent'],
  'data.skills.manage': ['platform_admin', 'admin', 'member', 'system_agent'],
  'data.webhooks.manage': ['platform_admin', 'admin', 'system_agent'],
  'data.channels.manage': ['platform_admin', 'admin'],
  'data.subscriptions.read': ['platform_admin', 'admin', 'member'],
  'data.usage.read': ['platform_admin', 'admin'],
  'data.scheduled_jobs.manage': ['platform_admin', 'admin'],
  'platform.admin': ['platform_admin'],
  'platform.accounts.manage': ['platform_admin'],
  'platform.accounts.read': ['platform_admin'],
  'platform.credits.manage': ['platform_admin'],
  'platform.plans.manage': ['platform_admin'],
  'platform.redemption_codes.manage': ['platform_admin'],
  'platform.subscriptions.manage': ['platform_admin'],
  'platform.usage.read': ['platform_admin'],
  'platform.entitlements.manage': ['platform_admin'],
  'platform.erasures.manage': ['platform_admin'],
  'platform.feature_flags.manage': ['platform_admin', 'system_agent'],
  'platform.invite_codes.manage': ['platform_admin'],
} as const;

export type Permission = keyof typeof permissionMatrix;

/** Sorted as in responses. */
export const permissions = (Object.keys(permissionMatrix) as Permission[]).sort();

/** The permissions of a role in its account. Empty for a role that is not in the matrix. */
export const permissionsOf = (role: string): Permission[] =>
  permissions.filter((permission) => (permissionMatrix[permission] as readonly string[]).includes(role));

/** The scopes that an API key can have: permissions that at least one operation open to API keys requires. Other scopes would have no effect. */
export const keyPermissions = [
  'account.audit_read',
  'data.completions.write',
  'data.memories.read',
  'data.memories.write',
  'data.projects.manage',
  'data.projects.read',
  'data.runs.read',
  'data.runs.write',
  'data.subscriptions.read',
  'data.threads.read',
  'data.threads.write',
  'data.usage.read',
  'data.webhooks.manage',
] as const satisfies readonly Permission[];
export type KeyPermission = (typeof keyPermissions)[number];

/** Permissions that API keys never have. */
export const platformPermissions = permissions.filter((permission) => permission.startsWith('platform.'));

/**
 * The scopes that a service key can have. Not `platform.admin`: what requires it without a permission of its own, such as users, settings with
 * secrets and service keys, stays with persons. Nor `platform.invite_codes.manage`, which shows the logins and email addresses of users.
 */
export const servicePermissions = [
  'platform.accounts.manage',
  'platform.accounts.read',
  'platform.credits.manage',
  'platform.entitlements.manage',
  'platform.erasures.manage',
  'platform.feature_flags.manage',
  'platform.plans.manage',
  'platform.redemption_codes.manage',
  'platform.subscriptions.manage',
  'platform.usage.read',
] as const satisfies readonly Permission[];
export type ServicePermission = (typeof servicePermissions)[number];
