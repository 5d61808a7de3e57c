import { type ComponentType, lazy, type LazyExoticComponent } from 'react';
import type { Me } from '../../../client/index.ts';
import { isPlatformAdmin, may } from './me.ts';

/** The areas of the navigation with their groups, in this order. */
export const settingsAreas = {
  Settings: ['You', 'Workspace', 'Agents', 'Access'],
  Platform: ['Overview', 'Billing', 'Programs and sign-in', 'Operation'],
} as const;
export type SettingsArea = keyof typeof settingsAreas;
type SettingsGroup = (typeof settingsAreas)[SettingsArea][number];

export const areaOf = ({ group }: SettingsPage): SettingsArea =>
  (settingsAreas.Platform as readonly SettingsGroup[]).includes(group) ? 'Platform' : 'Settings';

/** A settings page. Its component is loaded on first visit. */
export type SettingsPage = {
  /** Path below `/settings/`. */
  path: string;
  title: string;
  group: SettingsGroup;
  /** Words that a search finds, besides the title. */
  keywords?: string;
  /** Controls the navigation only; the API enforces the permissions. */
  shownTo?: (me: Me) => boolean;
  /** `id` is the rest of the address: one thing on the page. */
  Page: LazyExoticComponent<ComponentType<{ id?: string | undefined }>>;
};

type PlatformGroup = (typeof settingsAreas.Platform)[number];

const platformPage = (
  group: PlatformGroup,
  path: string,
  title: string,
  keywords: string,
  load: () => Promise<{ default: ComponentType<{ id?: string | undefined }> }>,
): SettingsPage => ({ path, title, group, keywords, shownTo: isPlatformAdmin, Page: lazy(load) });

/** In the order of the navigation. */
export const settingsPages: readonly SettingsPage[] = [
  {
    path: 'profile',
    title: 'Profile',
    group: 'You',
    keywords: 'name login email time zone',
    Page: lazy(() => import('./pages/profile.tsx')),
  },
  {
    path: 'security',
    title: 'Security',
    group: 'You',
    keywords: 'password passkey two-factor sessions devices identities',
    Page: lazy(() => import('./pages/security/security.tsx')),
  },
  {
    path: 'appearance',
    title: 'Appearance',
    group: 'You',
    keywords: 'theme dark light',
    Page: lazy(() => import('./pages/appearance.tsx')),
  },
  {
    path: 'memory',
    title: 'Memory',
    group: 'You',
    keywords: 'facts',
    shownTo: may('data.memories.read'),
    Page: lazy(() => import('./pages/memory.tsx')),
  },
  {
    path: 'notifications',
    title: 'Notifications',
    group: 'You',
    keywords: 'messages',
    Page: lazy(() => import('./pages/people/notifications.tsx')),
  },
  {
    path: 'workspaces',
    title: 'Workspaces',
    group: 'You',
    keywords: 'account team switch',
    Page: lazy(() => import('./pages/people/workspaces.tsx')),
  },
  {
    path: 'account',
    title: 'General',
    group: 'Workspace',
    keywords: 'name credit alert close erase delete',
    Page: lazy(() => import('./pages/people/general.tsx')),
  },
  {
    path: 'members',
    title: 'Members',
    group: 'Workspace',
    keywords: 'people invite role',
    shownTo: may('account.members.list'),
    Page: lazy(() => import('./pages/people/members.tsx')),
  },
  {
    path: 'teams',
    title: 'Teams',
    group: 'Workspace',
    keywords: 'people group',
    shownTo: may('account.teams.read'),
    Page: lazy(() => import('./pages/people/teams.tsx')),
  },
  {
    path: 'projects',
    title: 'Projects',
    group: 'Workspace',
    keywords: 'files folders',
    shownTo: may('data.projects.read'),
    Page: lazy(() => import('./pages/projects/projects.tsx')),
  },
  {
    path: 'plan',
    title: 'Plan and credits',
    group: 'Workspace',
    keywords: 'billing balance redeem code invite',
    Page: lazy(() => import('./pages/plan/plan.tsx')),
  },
  {
    path: 'usage',
    title: 'Usage',
    group: 'Workspace',
    keywords: 'tokens cost storage',
    Page: lazy(() => import('./pages/usage/usage.tsx')),
  },
  {
    path: 'models',
    title: 'Models',
    group: 'Agents',
    keywords: 'provider openai anthropic gemini',
    Page: lazy(() => import('./pages/providers.tsx')),
  },
  {
    path: 'personas',
    title: 'Personas',
    group: 'Agents',
    keywords: 'system prompt',
    shownTo: may('data.personas.read'),
    Page: lazy(() => import('./pages/personas/personas.tsx')),
  },
  {
    path: 'schedules',
    title: 'Schedules',
    group: 'Agents',
    keywords: 'cron repeat',
    shownTo: may('data.runs.read'),
    Page: lazy(() => import('./pages/schedules/schedules.tsx')),
  },
  {
    path: 'skills',
    title: 'Skills',
    group: 'Agents',
    keywords: 'instructions',
    shownTo: may('data.skills.read'),
    Page: lazy(() => import('./pages/skills/skills.tsx')),
  },
  { path: 'tool-servers', title: 'Tool servers', group: 'Agents', keywords: 'mcp', Page: lazy(() => import('./pages/tools/servers.tsx')) },
  {
    path: 'web-search',
    title: 'Web search',
    group: 'Agents',
    keywords: 'tools fetch tavily',
    shownTo: may('data.secrets.manage'),
    Page: lazy(() => import('./pages/tools/providers.tsx')),
  },
  {
    path: 'speech',
    title: 'Speech',
    group: 'Agents',
    keywords: 'voice transcription',
    Page: lazy(() => import('./pages/tools/speech.tsx')),
  },
  {
    path: 'keys',
    title: 'API keys',
    group: 'Access',
    keywords: 'token',
    shownTo: may('data.api_keys.manage'),
    Page: lazy(() => import('./pages/keys/keys.tsx')),
  },
  {
    path: 'openai-api',
    title: 'OpenAI API',
    group: 'Access',
    keywords: 'sdk completions',
    shownTo: may('data.completions.write'),
    Page: lazy(() => import('./pages/completions/completions.tsx')),
  },
  {
    path: 'webhooks',
    title: 'Webhooks',
    group: 'Access',
    keywords: 'events',
    shownTo: may('data.webhooks.manage'),
    Page: lazy(() => import('./pages/webhooks.tsx')),
  },
  {
    path: 'ip-rules',
    title: 'IP rules',
    group: 'Access',
    keywords: 'network address allow block',
    shownTo: may('account.ip_rules.manage'),
    Page: lazy(() => import('./pages/security/ipRules.tsx')),
  },
  {
    path: 'audit-log',
    title: 'Audit log',
    group: 'Access',
    keywords: 'history changes',
    shownTo: may('account.audit_read'),
    Page: lazy(() => import('./pages/security/auditLog.tsx')),
  },
  platformPage('Overview', 'dashboard', 'Dashboard', 'figures numbers', () => import('./pages/platform/dashboard.tsx')),
  platformPage('Overview', 'users', 'Users', 'people suspend administrator', () => import('./pages/platform/users.tsx')),
  platformPage('Overview', 'accounts', 'Accounts', 'workspaces credits suspend', () => import('./pages/platform/accounts.tsx')),
  platformPage('Overview', 'runs', 'Run lookup', 'support', () => import('./pages/platform/runs.tsx')),
  platformPage('Overview', 'reports', 'Reports', 'abuse', () => import('./pages/platform/reports.tsx')),
  platformPage('Overview', 'erasures', 'Erasures', 'delete data proof gdpr', () => import('./pages/platform/erasures/erasures.tsx')),
  platformPage('Billing', 'plans', 'Plans', 'subscription limits', () => import('./pages/platform/plans.tsx')),
  platformPage('Billing', 'codes', 'Codes and referrals', 'redeem invite credits', () => import('./pages/platform/codes.tsx')),
  platformPage('Overview', 'broadcasts', 'Broadcasts', 'notifications announce', () => import('./pages/platform/broadcasts.tsx')),
  platformPage(
    'Programs and sign-in',
    'service-keys',
    'Service keys',
    'token billing',
    () => import('./pages/platform/serviceKeys/serviceKeys.tsx'),
  ),
  platformPage(
    'Programs and sign-in',
    'identity-providers',
    'Identity providers',
    'openid connect oidc sso',
    () => import('./pages/platform/identityProviders/identityProviders.tsx'),
  ),
  platformPage('Programs and sign-in', 'flags', 'Feature flags', 'features registration', () => import('./pages/platform/flags.tsx')),
  platformPage(
    'Operation',
    'platform-settings',
    'Platform settings',
    'limits configuration defaults',
    () => import('./pages/platform/platformSettings.tsx'),
  ),
  platformPage('Operation', 'mail', 'Email', 'smtp', () => import('./pages/platform/mail.tsx')),
  platformPage('Operation', 'gateway', 'Gateway', 'rate limit maintenance proxy', () => import('./pages/platform/gateway.tsx')),
  platformPage('Operation', 'platform-audit', 'Platform audit log', 'history changes', () => import('./pages/platform/auditLog.tsx')),
  platformPage('Operation', 'access-log', 'Access log', 'requests', () => import('./pages/platform/accessLog.tsx')),
];
