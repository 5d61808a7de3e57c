import { readFileSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { areasOf, type Document, readReference } from '../reference/document.ts';
import { areaPage, referenceHome } from '../reference/referencePage.ts';
import { searchEntries } from '../search/entries.ts';
import { editUrlOf, readLibrary, siteHref } from './guideLibrary.ts';
import { guidePage } from './guidePage.ts';
import { createHighlight } from './highlight.ts';
import { renderMarkdown } from './markdown.ts';

const read = (file: string) => JSON.parse(readFileSync(new URL(`../../../../${file}`, import.meta.url), 'utf8'));
const library = readLibrary();
const reference = readReference(read('docs/openapi.json') as Document);
const manifest = read('package.json') as { repository?: string };
const highlighter = createHighlight();

/** The page or the search entries at a path. */
async function render(path: string): Promise<string> {
  if (path === '/docs/search.json') return JSON.stringify(searchEntries(library, reference));
  if (path === '/docs') return referenceHome(reference);
  const highlight = await highlighter;
  const area = areasOf(reference).find((each) => each.path === path);
  if (area) return areaPage(area, reference, highlight);
  const guide = path === '/docs/guides' ? library.index : library.guides.get(path.slice('/docs/guides/'.length));
  if (!guide) throw new Error(`There is no page ${path}.`);
  const rendered = renderMarkdown(guide.text, (href) => siteHref(guide.file, href), highlight);
  return guidePage(rendered, { path, chapters: library.chapters, editUrl: editUrlOf(guide.file, manifest) });
}

parentPort!.on('message', ({ id, path }: { id: number; path: string }) => {
  render(path).then(
    (text) => parentPort!.postMessage({ id, text }),
    (error: unknown) => parentPort!.postMessage({ id, problem: error instanceof Error ? error.message : String(error) }),
  );
});
