import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';

const root = new URL('../../', import.meta.url);
const folder = 'docs/guides';
const indexFile = `${folder}/README.md`;
const base = '/docs/guides';

/** Files of the repository that the site has under another name. */
const served: Readonly<Record<string, string>> = { [indexFile]: base, 'docs/openapi.json': '/openapi.json' };

/** Texts that are guides too, although they lie beside what they describe. */
const elsewhere: Readonly<Record<string, string>> = { client: 'client/README.md' };

/** A guide, and where it is in the repository. */
export type Guide = { name: string; file: string; text: string };

/** A chapter of the index: guides in the order in which they are read. */
export type Chapter = { title: string; entries: { title: string; href: string }[] };

/** Everything there is to read, as it is on disk at the start of the process. */
export type Library = { index: Guide; guides: ReadonlyMap<string, Guide>; chapters: Chapter[]; stylesheet: string };

/** Read the guides. */
export function readLibrary(): Library {
  const files = readdirSync(new URL(`${folder}/`, root)).filter((file) => file.endsWith('.md') && file !== 'README.md');
  const names = [...files.map((file) => [file.slice(0, -3), `${folder}/${file}`] as const), ...Object.entries(elsewhere)];
  const index = { name: 'README', file: indexFile, text: read(indexFile) };
  return {
    index,
    guides: new Map(names.map(([name, file]) => [name, { name, file, text: read(file) }])),
    chapters: chaptersOf(index.text),
    stylesheet: read(`${folder}/site.css`),
  };
}

const read = (file: string) => readFileSync(new URL(file, root), 'utf8');

/** Where a link of a text leads on the site; `.md` files of guides are the raw ones where `raw` says so. */
export function siteHref(file: string, href: string, raw = false): string {
  if (/^([a-z]+:|\/|#)/i.test(href)) return href;
  const [path = '', anchor] = href.split('#', 2);
  const target = posix.join(posix.dirname(file), path);
  const tail = anchor === undefined ? '' : `#${anchor}`;
  if (served[target]) return served[target] + tail;
  const name = Object.keys(elsewhere).find((each) => elsewhere[each] === target) ?? nameIn(target);
  // What the site does not have keeps its name: a test finds it.
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

/** A text as it is, with links to the raw texts of the site. */
export const rawText = ({ text, file }: Guide): string =>
  text.replace(/\]\(([^()\s]+)\)/g, (_, href: string) => `](${siteHref(file, href, true)})`);

/** `/llms.txt` (llmstxt.org): the index of the guides. */
export const llmsText = ({ index }: Library): string => rawText(index);

/** `/llms-full.txt`: every guide in one text, in the order of the index. */
export function llmsFullText({ index, guides, chapters }: Library): string {
  const order = chapters.flatMap(({ entries }) => entries.map(({ href }) => guides.get(href.slice(base.length + 1))));
  const texts = order
    .filter((guide) => guide !== undefined)
    .map((guide) => `<!-- ${base}/${guide.name}.md -->\n${rawText(guide).trim()}\n`);
  return [index.text.split(/^## /m, 1)[0], ...texts].join('\n');
}
