import { type ComponentType, lazy, type LazyExoticComponent } from 'react';
import type { Me } from '../../../client/index.ts';
import { isPlatformAdmin, may } from './me.ts';

/** A settings page. Its component is loaded on first visit. */
export type SettingsPage = {
  /** Path below `/settings/`. */
  path: string;
  title: string;
  group: 'You' | 'Account' | 'Platform';
  /** Controls the navigation only; the API enforces the permissions. */
  shownTo?: (me: Me) => boolean;
  /** `id` is the rest of the address: one thing on the page. */
  Page: LazyExoticComponent<ComponentType<{ id?: string | undefined }>>;
};

const platformPage = (
  path: string,
  title: string,
  load: () => Promise<{ default: ComponentType<{ id?: string | undefined }> }>,
): SettingsPage => ({
  path,
  title,
  group: 'Platform',
  shownTo: isPlatformAdmin,
  Page: lazy(load),
});

/** In the order of the navigation. */
export const settingsPages: readonly SettingsPage[] = [
  { path: 'profile', title: 'Profile', group: 'You', Page: lazy(() => import('./pages/profile.tsx')) },
  { path: 'security', title: 'Security', group: 'You', Page: lazy(() => import('./pages/security/security.tsx')) },
  { path: 'appearance', title: 'Appearance', group: 'You', Page: lazy(() => import('./pages/appearance.tsx')) },
  {
    path: 'memory',
    title: 'Memory',
    group: 'You',
    shownTo: may('data.memories.read'),
    Page: lazy(() => import('./pages/memory.tsx')),
  },
  {
    path: 'keys',
    title: 'API keys',
    group: 'You',
    shownTo: may('data.api_keys.manage'),
    Page: lazy(() => import('./pages/keys/keys.tsx')),
  },
  {
    path: 'openai-api',
    title: 'OpenAI API',
    group: 'You',
    shownTo: may('data.completions.write'),
    Page: lazy(() => import('./pages/completions/completions.tsx')),
  },
  { path: 'notifications', title: 'Notifications', group: 'You', Page: lazy(() => import('./pages/people/notifications.tsx')) },
  { path: 'workspaces', title: 'Workspaces', group: 'You', Page: lazy(() => import('./pages/people/workspaces.tsx')) },
  { path: 'account', title: 'General', group: 'Account', Page: lazy(() => import('./pages/people/general.tsx')) },
  {
    path: 'members',
    title: 'Members',
    group: 'Account',
    shownTo: may('account.members.list'),
    Page: lazy(() => import('./pages/people/members.tsx')),
  },
  {
    path: 'teams',
    title: 'Teams',
    group: 'Account',
    shownTo: may('account.teams.read'),
    Page: lazy(() => import('./pages/people/teams.tsx')),
  },
  {
    path: 'projects',
    title: 'Projects',
    group: 'Account',
    shownTo: may('data.projects.read'),
    Page: lazy(() => import('./pages/projects/projects.tsx')),
  },
  { path: 'models', title: 'Models', group: 'Account', Page: lazy(() => import('./pages/providers.tsx')) },
  {
    path: 'personas',
    title: 'Personas',
    group: 'Account',
    shownTo: may('data.personas.read'),
    Page: lazy(() => import('./pages/personas/personas.tsx')),
  },
  {
    path: 'schedules',
    title: 'Schedules',
    group: 'Account',
    shownTo: may('data.runs.read'),
    Page: lazy(() => import('./pages/schedules/schedules.tsx')),
  },
  {
    path: 'skills',
    title: 'Skills',
    group: 'Account',
    shownTo: may('data.skills.read'),
    Page: lazy(() => import('./pages/skills/skills.tsx')),
  },
  { path: 'tool-servers', title: 'Tool servers', group: 'Account', Page: lazy(() => import('./pages/tools/servers.tsx')) },
  {
    path: 'web-search',
    title: 'Web search',
    group: 'Account',
    shownTo: may('data.secrets.manage'),
    Page: lazy(() => import('./pages/tools/providers.tsx')),
  },
  { path: 'speech', title: 'Speech', group: 'Account', Page: lazy(() => import('./pages/tools/speech.tsx')) },
  { path: 'plan', title: 'Plan and credits', group: 'Account', Page: lazy(() => import('./pages/plan/plan.tsx')) },
  { path: 'usage', title: 'Usage', group: 'Account', Page: lazy(() => import('./pages/usage/usage.tsx')) },
  {
    path: 'webhooks',
    title: 'Webhooks',
    group: 'Account',
    shownTo: may('data.webhooks.manage'),
    Page: lazy(() => import('./pages/webhooks.tsx')),
  },
  {
    path: 'ip-rules',
    title: 'IP rules',
    group: 'Account',
    shownTo: may('account.ip_rules.manage'),
    Page: lazy(() => import('./pages/security/ipRules.tsx')),
  },
  {
    path: 'audit-log',
    title: 'Audit log',
    group: 'Account',
    shownTo: may('account.audit_read'),
    Page: lazy(() => import('./pages/security/auditLog.tsx')),
  },
  platformPage('dashboard', 'Dashboard', () => import('./pages/platform/dashboard.tsx')),
  platformPage('users', 'Users', () => import('./pages/platform/users.tsx')),
  platformPage('accounts', 'Accounts', () => import('./pages/platform/accounts.tsx')),
  platformPage('plans', 'Plans', () => import('./pages/platform/plans.tsx')),
  platformPage('codes', 'Codes and referrals', () => import('./pages/platform/codes.tsx')),
  platformPage('broadcasts', 'Broadcasts', () => import('./pages/platform/broadcasts.tsx')),
  platformPage('service-keys', 'Service keys', () => import('./pages/platform/serviceKeys/serviceKeys.tsx')),
  platformPage('identity-providers', 'Identity providers', () => import('./pages/platform/identityProviders/identityProviders.tsx')),
  platformPage('runs', 'Run lookup', () => import('./pages/platform/runs.tsx')),
  platformPage('reports', 'Reports', () => import('./pages/platform/reports.tsx')),
  platformPage('erasures', 'Erasures', () => import('./pages/platform/erasures/erasures.tsx')),
  platformPage('platform-settings', 'Platform settings', () => import('./pages/platform/platformSettings.tsx')),
  platformPage('mail', 'Email', () => import('./pages/platform/mail.tsx')),
  platformPage('gateway', 'Gateway', () => import('./pages/platform/gateway.tsx')),
  platformPage('flags', 'Feature flags', () => import('./pages/platform/flags.tsx')),
  platformPage('platform-audit', 'Platform audit log', () => import('./pages/platform/auditLog.tsx')),
  platformPage('access-log', 'Access log', () => import('./pages/platform/accessLog.tsx')),
];
