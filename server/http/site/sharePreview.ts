import { setTimeout as sleep } from 'node:timers/promises';
import { escapeHtml } from './pages/html.ts';

/** What other sites may show of a shared chat beside a link to it. */
export type SharePreview = { title: string; description: string };

export type FindPreview = (token: string) => Promise<SharePreview | undefined>;

/** How long the page waits for the preview, in milliseconds. It is served without the database too. */
const maxWaitMs = 1_000;

/** The preview of a path such as `/s/{token}`; undefined for other paths and for shares that do not exist, or are not public. */
export async function previewOf(path: string, find: FindPreview | undefined): Promise<SharePreview | undefined> {
  const token = /^\/s\/([0-9A-Za-z]{22})$/.exec(path)?.[1];
  if (token === undefined || !find) return undefined;
  return Promise.race([find(token).catch(() => undefined), sleep(maxWaitMs, undefined, { ref: false })]);
}

/** Adds the tags of OpenGraph (https://ogp.me) to the head of a page. */
export function withPreview(page: Buffer, { title, description }: SharePreview): Buffer {
  const tags = [
    ['name', 'description', description],
    ['property', 'og:type', 'article'],
    ['property', 'og:site_name', 'Arkloop'],
    ['property', 'og:title', title],
    ['property', 'og:description', description],
    ['name', 'twitter:card', 'summary'],
  ].map(([kind, name, content]) => `<meta ${kind}="${name}" content="${escapeHtml(content!)}" />\n`);
  return Buffer.from(page.toString().replace('</head>', () => `${tags.join('')}</head>`));
}
