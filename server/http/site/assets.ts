import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const inRepository = (file: string) => new URL(`../../../${file}`, import.meta.url);
const inPackage = (file: string) => new URL(import.meta.resolve(file));

/** The files of the documentation pages: several sources are joined. Fonts and the search library come from their packages. */
const sources: Readonly<Record<string, readonly URL[]>> = {
  'site.css': [
    inRepository('docs/brand/theme.css'),
    ...['site', 'text', 'reference', 'search', 'print'].map((name) => inRepository(`docs/site/${name}.css`)),
  ],
  'theme.js': [inRepository('docs/site/theme.js')],
  'site.js': [inRepository('docs/site/site.js')],
  'search.js': [inRepository('docs/site/search.js')],
  'tryIt.js': [inRepository('docs/site/tryIt.js')],
  'logo.svg': [inRepository('docs/brand/logo.svg')],
  'minisearch.js': [inPackage('minisearch')],
  'inter.woff2': [inPackage('@fontsource-variable/inter/files/inter-latin-wght-normal.woff2')],
  'jetbrains-mono.woff2': [inPackage('@fontsource-variable/jetbrains-mono/files/jetbrains-mono-latin-wght-normal.woff2')],
};

const base = '/docs/assets';
const tags = new Map<string, string>();

export const assetNames: readonly string[] = Object.keys(sources);

export const readAsset = (name: string): Buffer => Buffer.concat(sources[name]!.map((url) => readFileSync(url)));

/** The URL of an asset, which changes with its content, so that browsers can keep it. Fonts, which the stylesheet refers to, have no tag. */
export function assetUrl(name: string): string {
  if (name.endsWith('.woff2')) return `${base}/${name}`;
  const tag = tags.get(name) ?? createHash('sha256').update(readAsset(name)).digest('base64url').slice(0, 10);
  tags.set(name, tag);
  return `${base}/${name}?v=${tag}`;
}
