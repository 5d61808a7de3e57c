/** Maximum size of a tool result, in bytes of JSON. */
export const maxResultBytes = 32 * 1024;

type Json = Record<string, unknown>;

const bytesOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value));
const note = '\n[… cut …]\n';

/**
 * Limits a result to `most` bytes: cuts its longest texts in the middle and sets `truncated`. A result without long
 * texts is cut as JSON text.
 */
export function truncateResult(result: Json, most = maxResultBytes): Json {
  if (bytesOf(result) <= most) return result;
  let cut: Json = { ...(structuredClone(result) as Json), truncated: true };
  for (let passes = 0; passes < 50; passes++) {
    const excess = bytesOf(cut) - most;
    if (excess <= 0) return cut;
    const longest = longestText(cut);
    if (!longest || longest.text.length < 1_000) break;
    // One character can take several bytes of JSON. Remove at least 200 characters per pass.
    const keep = Math.max(200, Math.min(longest.text.length - 200, longest.text.length - excess - note.length));
    longest.holder[longest.key] = cutMiddle(longest.text, keep);
  }
  const text = JSON.stringify(result);
  for (let keep = most - 200; ; keep = Math.floor(keep * 0.7)) {
    cut = { truncated: true, text: cutMiddle(text, keep) };
    if (bytesOf(cut) <= most) return cut;
  }
}

function cutMiddle(text: string, keep: number): string {
  if (text.length <= keep) return text;
  const half = Math.floor(keep / 2);
  return `${text.slice(0, half)}${note}${text.slice(-half)}`.toWellFormed();
}

type Place = { holder: Record<string | number, unknown>; key: string | number; text: string };

function longestText(value: unknown): Place | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const holder = value as Place['holder'];
  let longest: Place | undefined;
  for (const [key, each] of Object.entries(holder)) {
    const found = typeof each === 'string' ? { holder, key, text: each } : longestText(each);
    if (found && found.text.length > (longest?.text.length ?? 0)) longest = found;
  }
  return longest;
}
