import type { Highlight } from '../pages/highlight.ts';
import { escapeHtml } from '../pages/html.ts';
import { layout, neighbors } from '../pages/layout.ts';
import { renderInline, renderParagraphs } from '../pages/markdown.ts';
import { type Area, areasOf, operationPath, type Reference } from './document.ts';
import { methodHtml, operationHtml, pathHtml } from './operation.ts';

const alternate = { type: 'application/json', href: '/openapi.json', title: 'OpenAPI' };
const home = '/docs';

/** The start page of the reference: the introduction, and all operations. The anchors are those of older links to areas. */
export function referenceHome(reference: Reference): string {
  const { info, groups } = reference;
  const lists = groups.map(
    ({ title, areas }) => `<h2 id="${anchorOf(title)}">${escapeHtml(title)}</h2>
${areas.map(areaSummary).join('\n')}`,
  );
  return layout({
    section: 'reference',
    kind: 'reference home',
    title: 'Reference',
    description: 'All operations of the Arkloop API.',
    menu: referenceMenu(reference, home),
    main: `<h1>${escapeHtml(info.title)}</h1>
<p>Version ${escapeHtml(info.version)}. The whole description is the <a href="/openapi.json">OpenAPI document</a>.</p>
${renderParagraphs(info.description)}
${lists.join('\n')}
${neighbors(pagesOf(reference), home)}`,
    contents: `<ul>${groups.map(({ title }) => `<li><a href="#${anchorOf(title)}">${escapeHtml(title)}</a></li>`).join('')}</ul>`,
    alternate,
  });
}

const anchorOf = (title: string) => title.toLowerCase().replaceAll(' ', '-');

const areaSummary = (area: Area) => `<h3 id="tag/${area.tag}"><a href="${area.path}">${escapeHtml(area.title)}</a></h3>
<p>${renderInline(area.description)}</p>
<ul class="operations">${area.operations
  .map(
    (operation) =>
      `<li><a href="${operationPath(area, operation)}">${renderInline(operation.summary)}</a> <span>${methodHtml(operation.method)} <code>${pathHtml(operation.path)}</code></span></li>`,
  )
  .join('')}</ul>`;

/** The page of an area with all of its operations. */
export function areaPage(area: Area, reference: Reference, highlight: Highlight): string {
  const { title, description, guide, operations, path } = area;
  const tools = { resolve: reference.resolve, highlight };
  return layout({
    section: 'reference',
    title,
    description: plain(description),
    menu: referenceMenu(reference, path),
    main: `<h1>${escapeHtml(title)}</h1>
${renderParagraphs(description)}
${guide === undefined ? '' : `<p><a href="${escapeHtml(guide)}">Guide to ${escapeHtml(title)}</a></p>\n`}${operations.map((operation) => operationHtml(operation, tools)).join('\n')}
${neighbors(pagesOf(reference), path)}`,
    contents: `<ul>${operations.map(({ id, summary }) => `<li><a href="#${id}">${renderInline(summary)}</a></li>`).join('')}</ul>`,
    alternate,
  });
}

const plain = (text: string) => text.replace(/[`*]/g, '');

const pagesOf = (reference: Reference) => [
  { title: 'Introduction', href: home },
  ...areasOf(reference).map(({ title, path }) => ({ title, href: path })),
];

/** All areas, and the operations of the current one. */
function referenceMenu({ groups }: Reference, current: string): string {
  const item = (title: string, path: string, inside = '') =>
    `<li><a href="${path}"${path === current ? ' aria-current="page"' : ''}>${escapeHtml(title)}</a>${inside}</li>`;
  const operationsOf = (area: Area) =>
    `<ul>${area.operations.map((operation) => `<li><a href="${operationPath(area, operation)}">${renderInline(operation.summary)}</a></li>`).join('')}</ul>`;
  const lists = groups.map(
    ({ title, areas }) => `<h2>${escapeHtml(title)}</h2>
<ul>${areas.map((area) => item(area.title, area.path, area.path === current ? operationsOf(area) : '')).join('')}</ul>`,
  );
  return `<ul>${item('Introduction', home)}</ul>\n${lists.join('\n')}`;
}
