import { lineBreak, withoutMarkdown } from '../../../../../contract/titles.ts';

/** What the server finds in a message, as one line of plain text. Shown as it is if the match is in what Markdown hides, such as an address. */
export function snippetText(snippet: string, wanted: string): string {
  const plain = snippet.split(lineBreak).map(plainLine).filter(Boolean).join(' ');
  return plain.toLowerCase().includes(wanted.toLowerCase()) ? plain : snippet;
}

/** A snippet is cut out of a text: marks may lack their counterpart. */
function plainLine(line: string): string {
  const text = withoutMarkdown(line.replace(/^…/, '')).replaceAll(/\*\*|~~|\]\([^()\s]*\)?/g, '');
  const opened = text.lastIndexOf('[');
  const whole = opened > text.lastIndexOf(']') ? text.slice(0, opened) + text.slice(opened + 1) : text;
  const cells = whole.split('|').map((cell) => cell.trim());
  const words = cells.length < 3 ? whole.trim() : cells.filter((cell) => cell !== '' && !/^:?-+:?$/.test(cell)).join(' · ');
  return line.startsWith('…') && words !== '' ? `…${words}` : words;
}
