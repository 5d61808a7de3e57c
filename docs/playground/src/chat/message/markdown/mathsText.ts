/** Begins a formula that is displayed as a block although it stands in a line of text, such as in a list. */
export const displayMark = '\\displaystyle ';

/** How a formula is written: on lines of its own, or within a line. */
type Notation = { block: (source: string) => string; inline: (source: string, isDisplayed: boolean) => string };

/** The notation of the parser. */
const parsed: Notation = {
  block: (source) => `\n$$\n${source}\n$$\n`,
  inline: (source, isDisplayed) => `$$${isDisplayed ? displayMark : ''}${source}$$`,
};

/** Begins the code that stands for a formula until the parser is loaded. Two characters that are invisible, and occur in no code. */
export const pendingMark = '\u2061\u2061';

/** The same for a formula on lines of its own. */
export const pendingBlockMark: string = `${pendingMark}\u2061`;

/** Code with a mark, for Markdown without formulas. */
export const pending: Notation = {
  block: (source) => `\n\n${asCode(source, pendingBlockMark)}\n\n`,
  inline: (source) => asCode(source, pendingMark),
};

function asCode(source: string, mark: string): string {
  const fence = '`'.repeat(1 + Math.max(0, ...source.matchAll(/`+/g).map(([run]) => run.length)));
  return `${fence}${mark}${source.replaceAll(/\s+/g, ' ')} ${fence}`;
}

/**
 * Rewrites formulas to the one notation that the parser reads, `$$…$$`: also `\(…\)`, `\[…\]`, and `$…$` by the rule of Pandoc, so that an amount
 * such as “$5 to $10” stays text. Code stays unchanged. Undefined if the text contains no formula.
 */
export function withFormulas(text: string, notation: Notation = parsed): string | undefined {
  if (!/\$|\\[([]/.test(text)) return undefined;
  let result = '';
  let hasFormula = false;
  let at = 0;
  /** Copies up to `end`; a formula is written with the delimiters of the parser. */
  const copy = (end: number) => {
    result += text.slice(at, end);
    at = end;
  };
  const formula = (content: string, isDisplayed: boolean, end: number) => {
    hasFormula = true;
    const source = content.trim();
    result += isDisplayed && isAlone(text, at, end) ? notation.block(source) : notation.inline(source, isDisplayed);
    at = end;
  };
  while (at < text.length) {
    const next = nextSign(text, at);
    copy(next);
    if (next === text.length) break;
    const pair = text.slice(at, at + 2);
    if (text[at] === '`') copy(endOfCode(text, at));
    else if (pair === '\\(' || pair === '\\[') {
      const end = text.indexOf(pair === '\\(' ? '\\)' : '\\]', at + 2);
      if (end < 0) copy(at + 2);
      else formula(text.slice(at + 2, end), pair === '\\[', end + 2);
    } else if (pair === '$$') {
      const end = text.indexOf('$$', at + 2);
      if (end < 0) copy(at + 2);
      else formula(text.slice(at + 2, end), true, end + 2);
    } else if (text[at] === '$') {
      const end = endOfDollar(text, at);
      if (end === undefined) copy(at + 1);
      else formula(text.slice(at + 1, end), false, end + 1);
    } else copy(at + 2);
  }
  return hasFormula ? result : undefined;
}

/** The next position of a backtick, a dollar or a backslash. */
function nextSign(text: string, from: number): number {
  for (let at = from; at < text.length; at++) if (text[at] === '`' || text[at] === '$' || text[at] === '\\') return at;
  return text.length;
}

/** The end of a code span: as many backticks as at its start. Without an end, the backticks are text. */
function endOfCode(text: string, from: number): number {
  let open = from;
  while (text[open] === '`') open++;
  const fence = text.slice(from, open);
  for (let at = text.indexOf(fence, open); at >= 0; at = text.indexOf(fence, at)) {
    let end = at;
    while (text[end] === '`') end++;
    if (end - at === fence.length) return end;
    at = end;
  }
  return open;
}

/** The closing dollar of `$…$`: no space inside the delimiters, no digit after them, all on one line. */
function endOfDollar(text: string, from: number): number | undefined {
  if (/\s/.test(text[from + 1] ?? ' ')) return undefined;
  for (let at = from + 1; at < text.length && text[at] !== '\n'; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '$') return at > from + 1 && !/\s/.test(text[at - 1]!) && !/\d/.test(text[at + 1] ?? '') ? at : undefined;
  }
  return undefined;
}

/** Whether nothing else is on the lines of a formula. A formula in a list or a quotation stays inline. */
function isAlone(text: string, start: number, end: number): boolean {
  const before = text.slice(text.lastIndexOf('\n', start - 1) + 1, start);
  const lineEnd = text.indexOf('\n', end);
  return before === '' && text.slice(end, lineEnd < 0 ? text.length : lineEnd).trim() === '';
}
