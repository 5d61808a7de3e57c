import { type ComponentType, lazy, type LazyExoticComponent } from 'react';
import type { Me } from '../../../client/index.ts';
import { isPlatformAdmin } from './me.ts';

/** A settings page. Its component is loaded on first visit. */
export type SettingsPage = {
  /** Path below `/settings/`. */
  path: string;
  title: string;
  group: 'You' | 'Account' | 'Platform';
  /** Controls the navigation only; the API enforces the permissions. */
  shownTo?: (me: Me) => boolean;
  Page: LazyExoticComponent<ComponentType>;
};

/** In the order of the navigation. */
export const settingsPages: readonly SettingsPage[] = [
  { path: 'profile', title: 'Profile', group: 'You', Page: lazy(() => import('./pages/profile.tsx')) },
  { path: 'appearance', title: 'Appearance', group: 'You', Page: lazy(() => import('./pages/appearance.tsx')) },
  { path: 'keys', title: 'API keys', group: 'You', Page: lazy(() => import('./pages/keys.tsx')) },
  { path: 'models', title: 'Models', group: 'Account', Page: lazy(() => import('./pages/providers.tsx')) },
  { path: 'usage', title: 'Credits and usage', group: 'Account', Page: lazy(() => import('./pages/usage/usage.tsx')) },
  { path: 'webhooks', title: 'Webhooks', group: 'Account', Page: lazy(() => import('./pages/webhooks.tsx')) },
  { path: 'users', title: 'Users', group: 'Platform', shownTo: isPlatformAdmin, Page: lazy(() => import('./pages/users.tsx')) },
  { path: 'flags', title: 'Feature flags', group: 'Platform', shownTo: isPlatformAdmin, Page: lazy(() => import('./pages/flags.tsx')) },
  {
    path: 'access-log',
    title: 'Access log',
    group: 'Platform',
    shownTo: isPlatformAdmin,
    Page: lazy(() => import('./pages/accessLog.tsx')),
  },
];
