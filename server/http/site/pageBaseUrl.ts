import { setTimeout as sleep } from 'node:timers/promises';
import { configuredBaseUrl } from '../../platform/config/baseUrl.ts';
import type { App } from '../app.ts';

/** How long a page waits for the base URL, in milliseconds. */
const maxWaitMs = 1_000;

/** The base URL for pages, which are served without the database too: then the last one that was read, or that of the environment. */
export function pageBaseUrl({ config, baseUrl }: Pick<App, 'config' | 'baseUrl'>): App['baseUrl'] {
  let last = configuredBaseUrl(config);
  const read = async () => {
    last = await baseUrl();
  };
  return async () => {
    await Promise.race([read().catch(() => undefined), sleep(maxWaitMs, undefined, { ref: false })]);
    return last;
  };
}
