/** A part of a text that renders independently of what follows it: Markdown prose, or a fenced code block. */
export type Block = { readonly start: number } & (
  | { readonly type: 'prose'; readonly text: string }
  | { readonly type: 'code'; readonly language: string; readonly text: string }
);

type Fence = { sign: string; length: number; isOwnBlock: boolean };

/** The parts of a line that opens or closes a code block; undefined for any other line. */
function fenceIn(line: string) {
  const [all = '', indent, signs] = /^( {0,3})(`{3,}|~{3,})/.exec(line) ?? [];
  const rest = line.slice(all.length);
  return indent === undefined || !signs || rest.includes('`') ? undefined : { indent, signs, rest };
}

const listPattern = /^(?:[-*+]|\d{1,9}[.)])(?:\s|$)/;

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

  const blockUntil = (end: number): Block => {
    const raw = text.slice(start, end);
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
