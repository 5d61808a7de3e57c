import { readFileSync } from 'node:fs';
import { vi } from 'vitest';

/** The paths of the routes, and the settings pages with who sees them. */
export async function readPages(url: string) {
  const routes = readFileSync(new URL('../../docs/playground/src/app.tsx', import.meta.url), 'utf8');
  // The list of pages imports the session, which reads these.
  vi.stubGlobal('location', new URL(url));
  vi.stubGlobal('localStorage', { getItem: () => null });
  const { settingsPages } = await import('../../docs/playground/src/settings.ts');
  vi.unstubAllGlobals();
  return {
    routes: [...routes.matchAll(/<Route path="([^"]+)"/g)].map(([, path]) => path!),
    settingsPages,
  };
}
