import { type ComponentType, type LazyExoticComponent, lazy } from 'react';
import type { Me } from '../../../client/index.ts';

/** A page of the settings, in a file of its own that is loaded when somebody goes there. */
export type SettingsPage = {
  /** Behind `/settings/`. */
  path: string;
  title: string;
  group: 'You' | 'Account' | 'Platform';
  /** Who sees it in the navigation; whether the API lets them do anything there is the API's to say. */
  shownTo?: (me: Me) => boolean;
  Page: LazyExoticComponent<ComponentType>;
};

/** For `shownTo`: the administrators of the platform. */
export const isPlatformAdmin = (me: Me) => me.role === 'platform_admin';

/** In the order of the navigation. A new page adds a line. */
export const settingsPages: readonly SettingsPage[] = [
  { path: 'profile', title: 'Profile', group: 'You', Page: lazy(() => import('./pages/profile.tsx')) },
  { path: 'appearance', title: 'Appearance', group: 'You', Page: lazy(() => import('./pages/appearance.tsx')) },
  { path: 'keys', title: 'API keys', group: 'You', Page: lazy(() => import('./pages/keys.tsx')) },
  { path: 'models', title: 'Models', group: 'Account', Page: lazy(() => import('./pages/providers.tsx')) },
  { path: 'usage', title: 'Credits and usage', group: 'Account', Page: lazy(() => import('./pages/usage.tsx')) },
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
