import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';

const root = new URL('../../../../', import.meta.url);
const folder = 'docs/guides';
const indexFile = `${folder}/README.md`;
const base = '/docs/guides';

/** Repository files that the site serves under another path. */
const served: Readonly<Record<string, string>> = { [indexFile]: base, 'docs/openapi.json': '/openapi.json' };

/** Guides outside of `docs/guides`, next to what they describe. */
const elsewhere: Readonly<Record<string, string>> = { client: 'client/README.md' };

/** `file` is the path in the repository. */
export type Guide = { name: string; file: string; text: string };

/** A chapter of the index, in reading order. */
export type Chapter = { title: string; entries: { title: string; href: string }[] };

/** All guides, as read from disk at startup. */
export type Library = { index: Guide; guides: ReadonlyMap<string, Guide>; chapters: Chapter[] };

export function readLibrary(): Library {
  const files = readdirSync(new URL(`${folder}/`, root)).filter((file) => file.endsWith('.md') && file !== 'README.md');
  const names = [...files.map((file) => [file.slice(0, -3), `${folder}/${file}`] as const), ...Object.entries(elsewhere)];
  const index = { name: 'README', file: indexFile, text: read(indexFile) };
  return {
    index,
    guides: new Map(names.map(([name, file]) => [name, { name, file, text: read(file) }])),
    chapters: chaptersOf(index.text),
  };
}

const read = (file: string) => readFileSync(new URL(file, root), 'utf8');

/** Converts a link in a repository file to a path of the site. With `raw`, links to guides lead to their Markdown. */
export function siteHref(file: string, href: string, raw = false): string {
  if (/^([a-z]+:|\/|#)/i.test(href)) return href;
  const [path = '', anchor] = href.split('#', 2);
  const target = posix.join(posix.dirname(file), path);
  const tail = anchor === undefined ? '' : `#${anchor}`;
  if (served[target]) return served[target] + tail;
  const name = Object.keys(elsewhere).find((each) => elsewhere[each] === target) ?? nameIn(target);
  // A link to a file that the site does not serve is unchanged; a test detects it.
  return name === undefined ? href : `${base}/${name}${raw ? '.md' : ''}${tail}`;
}

const nameIn = (file: string) => (posix.dirname(file) === folder && file.endsWith('.md') ? posix.basename(file, '.md') : undefined);

function chaptersOf(index: string): Chapter[] {
  return index
    .split(/^## /m)
    .slice(1)
    .map((part) => ({
      title: part.split('\n', 1)[0]!,
      entries: part.split('\n').flatMap((line) => {
        const [, title, href] = /^- \[([^\]]+)\]\(([^)]+)\)/.exec(line) ?? [];
        return title === undefined || href === undefined ? [] : [{ title, href: siteHref(indexFile, href) }];
      }),
    }));
}

/** The Markdown of a guide, with links to the Markdown of other guides. */
export const rawText = ({ text, file }: Guide): string =>
  text.replace(/\]\(([^()\s]+)\)/g, (_, href: string) => `](${siteHref(file, href, true)})`);

/** `/llms.txt` (llmstxt.org): the index of the guides. */
export const llmsText = ({ index }: Library): string => rawText(index);

/** `/llms-full.txt`: all guides in one text, in the order of the index. */
export function llmsFullText({ index, guides, chapters }: Library): string {
  const order = chapters.flatMap(({ entries }) => entries.map(({ href }) => guides.get(href.slice(base.length + 1))));
  const texts = order
    .filter((guide) => guide !== undefined)
    .map((guide) => `<!-- ${base}/${guide.name}.md -->\n${rawText(guide).trim()}\n`);
  return [index.text.split(/^## /m, 1)[0], ...texts].join('\n');
}

/** The page of a file in the repository of `package.json`. Undefined if it names no repository on the web. */
export function editUrlOf(file: string, manifest: { repository?: string | { url: string } }): string | undefined {
  const { repository } = manifest;
  const address = typeof repository === 'string' ? repository : repository?.url;
  const [, host, path] = /^(?:git\+)?(?:https?|ssh|git):\/\/(?:[^@/]+@)?([^/]+)\/(.+?)(?:\.git)?\/?$/.exec(address ?? '') ?? [];
  return host && path && `https://${host}/${path}/edit/main/${file}`;
}
