/** Marks the occurrences of `wanted` in a text, ignoring case. */
export function Highlighted({ text, wanted }: { text: string; wanted: string }) {
  const parts = partsOf(text, wanted);
  return parts.map(({ start, part, isMatch }) => (isMatch ? <mark key={start}>{part}</mark> : part));
}

function partsOf(text: string, wanted: string) {
  const needle = wanted.toLowerCase();
  const lower = text.toLowerCase();
  // Case changes the length of a few characters, which would shift the marks.
  if (needle === '' || lower.length !== text.length) return [{ start: 0, part: text, isMatch: false }];
  const parts: { start: number; part: string; isMatch: boolean }[] = [];
  let from = 0;
  for (let at = lower.indexOf(needle); at >= 0; at = lower.indexOf(needle, from)) {
    if (at > from) parts.push({ start: from, part: text.slice(from, at), isMatch: false });
    from = at + needle.length;
    parts.push({ start: at, part: text.slice(at, from), isMatch: true });
  }
  if (from < text.length) parts.push({ start: from, part: text.slice(from), isMatch: false });
  return parts;
}
