/** A part of a text that renders independently of what follows it: Markdown prose, a fenced code block, or Markdown that can be folded. */
export type Block = { readonly start: number } & (
  | { readonly type: 'prose'; readonly text: string }
  | { readonly type: 'code'; readonly language: string; readonly text: string }
  | { readonly type: 'details'; readonly summary: string; readonly isOpen: boolean; readonly text: string }
);

type Fence = { sign: string; length: number; isOwnBlock: boolean };

/** The parts of a line that opens or closes a code block; undefined for any other line. */
function fenceIn(line: string) {
  const [all = '', indent, signs] = /^( {0,3})(`{3,}|~{3,})/.exec(line) ?? [];
  const rest = line.slice(all.length);
  return indent === undefined || !signs || rest.includes('`') ? undefined : { indent, signs, rest };
}

const listPattern = /^(?:[-*+]|\d{1,9}[.)])(?:\s|$)/;

const detailsPattern = /^<details(\s[^>]*)?>/i;

/** By how many levels `<details>` elements are nested deeper after a line. */
const nestingOf = (line: string): number => (line.match(/<details[\s>]/gi)?.length ?? 0) - (line.match(/<\/details>/gi)?.length ?? 0);

const maxSummary = 500;

/** `raw` begins with `<details>`. Tags in the summary are left out. */
function detailsOf(start: number, raw: string): Block {
  const [opening = '', attributes = ''] = detailsPattern.exec(raw) ?? [];
  const inner = raw.slice(opening.length).replace(/<\/details>\s*$/i, '');
  const [all = '', summary = ''] = /^\s*<summary[^>]*>([^]*?)<\/summary>/i.exec(inner) ?? [];
  const text = inner.slice(all.length);
  return {
    start,
    type: 'details',
    summary: summary
      .slice(0, maxSummary)
      .replaceAll(/<[^<>]*>/g, '')
      .trim(),
    isOpen: /\bopen\b/i.test(attributes),
    text,
  };
}

/** The first line of a footnote or of the address of links. */
const definitionPattern = /^ {0,3}\[[^\]]+\]: *\S/;

/** The lines of all footnotes and addresses of links, with the indented lines that belong to them. */
function definitionsIn(text: string): string[] {
  let isWithin = false;
  return text.split('\n').filter((line) => {
    isWithin = definitionPattern.test(line) || (isWithin && /^(?: {4}|\t)/.test(line));
    return isWithin;
  });
}

/** The blocks of a complete text, in which all know its footnotes and link definitions: joined, except for what can be folded. */
export function withDefinitions(blocks: readonly Block[], text: string): readonly Block[] {
  const definitions = definitionsIn(text);
  if (definitions.length === 0) return blocks;
  const joined: Block[] = [];
  for (const [at, block] of blocks.entries()) {
    const last = joined.at(-1);
    const raw = text.slice(block.start, blocks[at + 1]?.start);
    if (block.type === 'details') joined.push(block);
    else if (last?.type === 'prose') joined.splice(-1, 1, { ...last, text: last.text + raw });
    else joined.push({ start: block.start, type: 'prose', text: raw });
  }
  // Markdown takes the first of two equal definitions.
  return joined.length < 2 ? joined : joined.map((block) => ({ ...block, text: `${block.text}\n\n${definitions.join('\n')}` }));
}

/**
 * Splits a growing text into blocks. Only the last block changes when text is appended, so an answer of 5 000 deltas is parsed once instead of 5 000
 * times. Reads only the new lines.
 */
export function openBlocks() {
  let text = '';
  let done: Block[] = [];
  let start = 0;
  let read = 0;
  let afterBlank = false;
  let fence: Fence | undefined;
  /** The sign that ends the open formula. A formula may contain blank lines. */
  let formulaEnd: string | undefined;
  /** How many `<details>` elements are open. */
  let nesting = 0;

  const blockUntil = (end: number): Block => {
    const raw = text.slice(start, end);
    if (detailsPattern.test(raw)) return detailsOf(start, raw);
    if (!fence?.isOwnBlock) return { start, type: 'prose', text: raw };
    const firstEnd = raw.indexOf('\n');
    const language = (firstEnd < 0 ? raw : raw.slice(0, firstEnd)).trim().slice(fence.length).trim();
    return { start, type: 'code', language: language.split(/\s/, 1)[0]!, text: firstEnd < 0 ? '' : raw.slice(firstEnd + 1) };
  };
  const closeAt = (end: number) => {
    if (text.slice(start, end).trim() !== '') done.push(blockUntil(end));
    start = end;
  };
  const isInList = () => listPattern.test(text.slice(start, start + 12));

  function open(line: string, from: number): boolean {
    const found = fenceIn(line);
    if (!found) return false;
    const { indent, signs } = found;
    // An indented fence in a list belongs to the list item.
    const isOwnBlock = indent === '' || !isInList();
    if (isOwnBlock) closeAt(from);
    fence = { sign: signs[0]!, length: signs.length, isOwnBlock };
    return true;
  }

  function take(line: string, from: number, next: number) {
    if (fence) {
      const closing = fenceIn(line);
      if (!closing?.signs.startsWith(fence.sign.repeat(fence.length)) || closing.rest.trim() !== '') return;
      const { isOwnBlock } = fence;
      if (isOwnBlock) {
        done.push(withoutEnd(blockUntil(from)));
        start = next;
      }
      fence = undefined;
      afterBlank = isOwnBlock;
      return;
    }
    const bare = line.trim();
    if (nesting > 0 || (formulaEnd === undefined && detailsPattern.test(line))) {
      if (nesting === 0) closeAt(from);
      nesting = Math.max(0, nesting + nestingOf(line));
      if (nesting > 0) return;
      const end = line.toLowerCase().lastIndexOf('</details>') + '</details>'.length;
      closeAt(line.slice(end).trim() === '' ? next : from + end);
      afterBlank = true;
      return;
    }
    if (formulaEnd !== undefined) {
      if (bare.endsWith(formulaEnd)) formulaEnd = undefined;
      return;
    }
    if (bare === '') {
      afterBlank = true;
      return;
    }
    const begins = afterBlank && !/^\s/.test(line) && !(isInList() && listPattern.test(line));
    if (begins) closeAt(from);
    if (!open(line, from)) formulaEnd = bare === '$$' ? '$$' : bare === '\\[' ? '\\]' : undefined;
    afterBlank = false;
  }

  return (next: string): readonly Block[] => {
    if (!next.startsWith(text)) {
      done = [];
      start = read = 0;
      afterBlank = false;
      nesting = 0;
      fence = formulaEnd = undefined;
    }
    text = next;
    for (let end = text.indexOf('\n', read); end >= 0; end = text.indexOf('\n', read)) {
      const from = read;
      read = end + 1;
      take(text.slice(from, end), from, read);
    }
    return text.slice(start).trim() === '' ? [...done] : [...done, blockUntil(text.length)];
  };
}

/** The line break before the closing fence is not part of the code. */
const withoutEnd = (block: Block): Block => ({ ...block, text: block.text.replace(/\n$/, '') });
