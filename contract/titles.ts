import type { MessageContent } from './messages.ts';
import { trimEnd } from './shared/text.ts';

/** Characters of a text that are searched for a title. */
const maxSourceChars = 2_000;
const maxTitleChars = 50;
/** A title is cut between words if that leaves at least so many characters. */
const minCutChars = 25;
const openingQuotes = `"'“‘”„«»「『`;
const closingQuotes = `"'“”’„«»」』`;
/** A question mark belongs to the title. */
const endPunctuation = ' .,;:!…–—-。，、；：！';
export const lineBreak: RegExp = /[\r\n\u2028\u2029]/;

/** The title in a generated text or a message: the first line with words, at most 50 characters, without Markdown, quotes and final punctuation. */
export function cleanTitle(text: string): string {
  for (const line of linesOf(text)) {
    const title = shorten(bare(withoutMarkdown(line)));
    if (/[\p{L}\p{N}\p{S}]/u.test(title)) return title;
  }
  return '';
}

/** The title of a thread until a better one is generated: the first words of a message, else the name of its first file. */
export function provisionalTitle({ content, content_json }: { content: string; content_json?: MessageContent | null | undefined }): string {
  const parts = content_json?.parts ?? [];
  const text =
    parts.find((part) => part.type === 'text')?.text ?? parts.find((part) => part.type !== 'text')?.attachment.filename ?? content;
  // Without words, for example "!!!", the text is shown as it is.
  return cleanTitle(text) || cut(text.trim().split(lineBreak, 1)[0]!).trim();
}

const linesOf = (text: string) => text.trimStart().slice(0, maxSourceChars).toWellFormed().replaceAll('\0', '').split(lineBreak);

const ruleOrFence = /^(?:```|~~~|(?:[-*_=][ \t]?){3,}$)/;
/** Headings, quotations and items of lists. */
const blockMarks = /^(?:#{1,6}[ \t]+|>[ \t]*|[-*+][ \t]+(?:\[[ xX]\][ \t]+)?|\d{1,2}[.)][ \t]+)+/;
const links = /!?\[([^[\]]*)\]\([^()\s]*\)/g;
const emphasis = /(?<![\w*~])(\*{1,3}|_{1,3}|~~)(?=[^\s*_~])([^*_~]*)(?<=\S)\1(?![\w*~])/g;

/** A line of text without the marks of Markdown; empty if it is a rule or opens a block of code. */
export function withoutMarkdown(line: string): string {
  const trimmed = line.trim();
  if (ruleOrFence.test(trimmed)) return '';
  const text = trimmed.replace(blockMarks, '').replace(links, '$1').replaceAll('`', '');
  // Twice, for emphasis within emphasis.
  return text.replace(emphasis, '$2').replace(emphasis, '$2');
}

/** Removes final punctuation and the quotes around the whole text. */
function bare(text: string): string {
  const ended = trimEnd(text.trim(), endPunctuation);
  const [opening = '', closing = ''] = [ended[0], ended.at(-1)];
  if (ended === '') return '';
  if (!openingQuotes.includes(opening)) return withoutLooseQuotes(ended);
  const inner = ended.slice(1, -1);
  if (closingQuotes.includes(closing) && !inner.includes(opening) && !inner.includes(closing)) return bare(inner);
  // The end of the quotation has been cut off.
  return [...closingQuotes].some((quote) => ended.includes(quote, 1)) ? ended : bare(ended.slice(1));
}

/** Removes quotes at the end that were not opened. */
function withoutLooseQuotes(text: string): string {
  const inner = trimEnd(text, closingQuotes);
  return [...openingQuotes].some((quote) => inner.includes(quote)) ? text : inner;
}

const cut = (text: string) => [...text].slice(0, maxTitleChars).join('');

/** Cuts a long text, if possible between words. */
function shorten(text: string): string {
  const start = cut(text);
  if (start === text) return text;
  const space = text[start.length] === ' ' ? start.length : start.lastIndexOf(' ');
  return bare(space >= minCutChars ? start.slice(0, space) : start);
}
