import type { Chapter } from './guideLibrary.ts';
import { escapeHtml } from './html.ts';
import { layout, neighbors } from './layout.ts';
import type { Heading, Rendered } from './markdown.ts';

/** A longer table of contents omits subsections. */
const longContents = 24;

/** `editUrl` leads to the source of the page, if the repository is known. */
type Place = { path: string; chapters: readonly Chapter[]; editUrl?: string | undefined };

/** The page of a guide, with all guides, its table of contents, and links to the previous and next guide. */
export function guidePage({ title, lead, html, headings }: Rendered, { path, chapters, editUrl }: Place): string {
  const edit = editUrl === undefined ? '' : `<p class="edit"><a href="${escapeHtml(editUrl)}">Edit this page</a></p>\n`;
  const order = chapters.flatMap(({ entries }) => entries).filter(({ href }) => href.startsWith('/docs/guides/'));
  return layout({
    section: 'guides',
    title,
    description: lead,
    menu: guideMenu(path, chapters),
    main: `${html}${edit}${neighbors(order, path)}`,
    contents: contentsOf(headings),
    alternate: { type: 'text/markdown', href: path === '/docs/guides' ? '/llms.txt' : `${path}.md`, title: 'Markdown' },
  });
}

export const notFoundPage = (chapters: readonly Chapter[]): string =>
  layout({
    section: 'guides',
    title: 'Not found',
    description: '',
    menu: guideMenu('', chapters),
    main: `<h1>Page not found</h1>
<p>There is no page at this address. The <a href="/docs/guides">guides</a> and the <a href="/docs">reference</a> list all pages.</p>`,
  });

function guideMenu(path: string, chapters: readonly Chapter[]) {
  const lists = chapters.map(
    ({ title, entries }) => `<h2>${escapeHtml(title)}</h2>
<ul>${entries.map(({ title: name, href }) => `<li><a href="${href}"${href === path ? ' aria-current="page"' : ''}>${escapeHtml(name)}</a></li>`).join('')}</ul>`,
  );
  return lists.join('\n');
}

function contentsOf(headings: readonly Heading[]) {
  const sections = headings.filter(({ depth }) => depth === 2 || depth === 3);
  const shown = sections.length > longContents ? sections.filter(({ depth }) => depth === 2) : sections;
  if (shown.length < 2) return '';
  return `<ul>${shown.map(({ depth, id, text }) => `<li class="depth-${depth}"><a href="#${id}">${escapeHtml(text)}</a></li>`).join('')}</ul>`;
}
