const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Escapes text for use in an element or a quoted attribute. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character]!);

/** The navigation at the top of each documentation page. */
export const siteHeader = (here: 'reference' | 'guides'): string => `<header class="site">
<a class="brand" href="/">Arkloop API</a>
<nav aria-label="Site">
${link('/docs/guides', 'Guides', here === 'guides')}
${link('/docs', 'Reference', here === 'reference')}
${link('/', 'Playground', false)}
</nav>
</header>`;

const link = (href: string, name: string, current: boolean) => `<a href="${href}"${current ? ' aria-current="true"' : ''}>${name}</a>`;
