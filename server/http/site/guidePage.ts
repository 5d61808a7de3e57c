import type { Chapter } from './guideLibrary.ts';
import { escapeHtml, siteHeader } from './html.ts';
import type { Heading, Rendered } from './markdown.ts';

/** A longer table of contents omits subsections. */
const longContents = 24;

type Place = { path: string; chapters: readonly Chapter[] };

/** The page of a guide, with a sidebar, a table of contents, and links to the previous and next guide. */
export function guidePage({ title, lead, html, headings }: Rendered, { path, chapters }: Place): string {
  const main = `<main id="text" class="text">
${html}${neighbours(path, chapters)}</main>`;
  return layout(title, lead, `${sidebar(path, chapters)}\n${main}\n${contents(headings)}`, rawOf(path));
}

export const notFoundPage = (chapters: readonly Chapter[]): string =>
  layout(
    'Not found',
    '',
    `${sidebar('', chapters)}\n<main id="text" class="text"><h1>Nothing here</h1>
<p>There is no such page. The <a href="/docs/guides">guides</a> and the <a href="/docs">reference</a> list everything there is.</p></main>`,
  );

const layout = (title: string, description: string, body: string, raw?: string) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="description" content="${escapeHtml(description)}">
<title>${title} · Arkloop API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/site.css">
${raw ? `<link rel="alternate" type="text/markdown" href="${raw}" title="Markdown">` : ''}
</head>
<body>
<a class="skip" href="#text">Skip to the text</a>
${siteHeader('guides')}
<div class="page">
${body}
</div>
</body>
</html>
`;

const rawOf = (path: string) => (path === '/docs/guides' ? '/llms.txt' : `${path}.md`);

function sidebar(path: string, chapters: readonly Chapter[]) {
  const lists = chapters.map(
    ({ title, entries }) => `<h2>${escapeHtml(title)}</h2>
<ul>${entries.map(({ title: name, href }) => `<li><a href="${href}"${href === path ? ' aria-current="page"' : ''}>${escapeHtml(name)}</a></li>`).join('')}</ul>`,
  );
  return `<nav class="guides" aria-label="Guides">\n${lists.join('\n')}\n</nav>`;
}

function contents(headings: readonly Heading[]) {
  const sections = headings.filter(({ depth }) => depth === 2 || depth === 3);
  const shown = sections.length > longContents ? sections.filter(({ depth }) => depth === 2) : sections;
  if (shown.length < 2) return '';
  const items = shown.map(({ depth, id, text }) => `<li class="depth-${depth}"><a href="#${id}">${text}</a></li>`);
  return `<nav class="contents" aria-label="On this page"><h2>On this page</h2><ul>${items.join('')}</ul></nav>`;
}

function neighbours(path: string, chapters: readonly Chapter[]) {
  const order = chapters.flatMap(({ entries }) => entries).filter(({ href }) => href.startsWith('/docs/guides/'));
  const at = order.findIndex(({ href }) => href === path);
  const link = (entry: Chapter['entries'][number] | undefined, rel: string, word: string) =>
    entry ? `<a rel="${rel}" href="${entry.href}"><span>${word}</span> ${escapeHtml(entry.title)}</a>` : '';
  if (at < 0) return '';
  return `<nav class="neighbours" aria-label="Next and previous">${link(order[at - 1], 'prev', 'Before')}${link(order[at + 1], 'next', 'Next')}</nav>\n`;
}
