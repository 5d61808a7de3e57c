import { type Library, siteHref } from '../pages/guideLibrary.ts';
import { searchText, slugger } from '../pages/markdown.ts';
import { areasOf, type Operation, operationPath, type Reference } from '../reference/document.ts';
import { fieldNames } from '../reference/schema.ts';

/** One thing that the search finds: an operation, an area, or a section of a guide. The names are those of the search script. */
export type Entry = {
  url: string;
  title: string;
  /** Where it is: the guide, or the method and path. */
  place: string;
  /** Shown around the matching words. */
  text: string;
  /** The call of the typed client: `runs.create`. */
  call?: string;
  /** Searched, but not shown. */
  words?: string;
  kind: 'guide' | 'operation' | 'area';
};

export const searchEntries = (library: Library, reference: Reference): Entry[] => [
  ...referenceEntries(reference),
  ...[library.index, ...library.guides.values()].flatMap(({ text, file }) => guideEntries(text, siteHref('', file))),
];

function referenceEntries(reference: Reference): Entry[] {
  return areasOf(reference).flatMap((area) => [
    { url: area.path, title: area.title, place: 'Reference', text: searchText(area.description), kind: 'area' as const },
    ...area.operations.map((operation) => ({
      url: operationPath(area, operation),
      title: operation.summary,
      place: `${operation.method} ${operation.path}`,
      text: searchText(operation.description),
      ...(operation.call !== undefined && { call: operation.call }),
      words: wordsOf(operation, area.title, reference.resolve),
      kind: 'operation' as const,
    })),
  ]);
}

/** Names that somebody may know: the ID of the operation, parameters, fields, and reasons of errors. */
function wordsOf({ id, parameters, body, responses, alias = '' }: Operation, area: string, resolve: Reference['resolve']): string {
  const reasons = Object.values(responses).flatMap(({ description }) => [...description.matchAll(/`(\w+)`/g)].map(([, name]) => name!));
  const fields = body ? fieldNames(body.schema, resolve) : [];
  const names = new Set([area, id, id.replaceAll(/[A-Z]/g, ' $&'), alias, ...parameters.map(({ name }) => name), ...fields, ...reasons]);
  return [...names].join(' ');
}

/** The parts of a guide under its headings, with the anchors of the rendered page. */
function guideEntries(text: string, path: string): Entry[] {
  const idOf = slugger();
  const entries: Entry[] = [];
  let guide = '';
  let isCode = false;
  let section: { title: string; id: string; lines: string[] } | undefined;
  const close = () => {
    if (section) {
      const url = section.title === guide ? path : `${path}#${section.id}`;
      entries.push({
        url,
        title: section.title,
        place: section.title === guide ? 'Guide' : guide,
        text: searchText(section.lines.join('\n')),
        kind: 'guide',
      });
    }
  };
  for (const line of text.split('\n')) {
    if (line.startsWith('```')) isCode = !isCode;
    const [, marks, heading] = (isCode ? null : /^(#{1,6}) (.+)$/.exec(line)) ?? [];
    if (marks === undefined || heading === undefined) {
      section?.lines.push(line);
      continue;
    }
    const title = searchText(heading);
    const id = idOf(title);
    if (marks.length > 3) continue;
    close();
    if (marks.length === 1) guide = title;
    section = { title, id, lines: [] };
  }
  close();
  return entries;
}
