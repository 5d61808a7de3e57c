import { assetUrl } from '../assets.ts';
import { escapeHtml } from './html.ts';

type Section = 'guides' | 'reference';

type Page = {
  section: Section;
  title: string;
  description: string;
  /** The navigation of the section. */
  menu: string;
  main: string;
  /** The list of headings, empty on short pages. */
  contents?: string;
  /** URL of the same page in another format. */
  alternate?: { type: string; href: string; title: string };
  /** A class of the body. */
  kind?: string;
};

/**
 * The frame of all documentation pages. Without scripts everything can be read: on narrow screens both navigations are popovers, which need
 * no script.
 */
export const layout = ({
  section,
  title,
  description,
  menu,
  main,
  contents = '',
  alternate,
  kind = section,
}: Page): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="description" content="${escapeHtml(description)}">
<title>${escapeHtml(title)} · Arkloop API</title>
<link rel="icon" href="${assetUrl('logo.svg')}" type="image/svg+xml">
<link rel="preload" href="${assetUrl('inter.woff2')}" as="font" type="font/woff2" crossorigin>
<link rel="stylesheet" href="${assetUrl('site.css')}">
<script src="${assetUrl('theme.js')}"></script>
<script type="module" src="${assetUrl('site.js')}"></script>
${section === 'reference' ? `<script type="module" src="${assetUrl('tryIt.js')}"></script>\n` : ''}${alternate ? `<link rel="alternate" type="${alternate.type}" href="${alternate.href}" title="${alternate.title}">` : ''}
</head>
<body class="${kind}">
<a class="skip" href="#text">Skip to the text</a>
<header class="site">
<a class="brand" href="/docs/guides"><img src="${assetUrl('logo.svg')}" alt="" width="24" height="24"> Arkloop API</a>
<nav aria-label="Site">
${link('/docs/guides', 'Guides', section === 'guides')}
${link('/docs', 'Reference', section === 'reference')}
${link('/', 'Playground', false)}
</nav>
</header>
<div class="bar">
<button type="button" popovertarget="menu">Menu</button>
${contents && '<button type="button" popovertarget="contents">On this page</button>'}
</div>
<div class="page">
<nav class="menu" id="menu" popover aria-label="${section === 'guides' ? 'Guides' : 'Reference'}">
${menu}
</nav>
<main id="text" class="text">
${main}</main>
${contents && `<nav class="contents" id="contents" popover aria-label="On this page"><h2>On this page</h2>${contents}</nav>`}
</div>
</body>
</html>
`;

const link = (href: string, name: string, current: boolean) => `<a href="${href}"${current ? ' aria-current="true"' : ''}>${name}</a>`;

type Target = { title: string; href: string };

/** Links to the page before and the page after this one. */
export function neighbors(order: readonly Target[], path: string): string {
  const at = order.findIndex(({ href }) => href === path);
  if (at < 0) return '';
  const to = (target: Target | undefined, rel: string, word: string) =>
    target ? `<a rel="${rel}" href="${target.href}"><span>${word}</span> ${escapeHtml(target.title)}</a>` : '';
  return `<nav class="neighbors" aria-label="Previous and next">${to(order[at - 1], 'prev', 'Previous')}${to(order[at + 1], 'next', 'Next')}</nav>\n`;
}
