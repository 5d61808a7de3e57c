import type { Issue } from '../../../contract/shared/errors.ts';
import { jsonPointer } from '../../../contract/shared/input.ts';

/** Number of keys of all objects. Fewer than were written if some were written twice. */
export function countKeys(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  const inner: unknown[] = Array.isArray(value) ? value : Object.values(value);
  if (inner !== value) count = inner.length;
  for (const each of inner) count += countKeys(each);
  return count;
}

/** The first key of valid JSON that its object already has. */
export function findDuplicateKey(text: string): Issue {
  // `key` is the last one read in an object, or the index in an array.
  const open: { keys?: Set<string>; key: PropertyKey; awaitsKey: boolean }[] = [];
  for (let at = 0; at < text.length; at++) {
    const inner = open.at(-1);
    switch (text[at]) {
      case '{':
        open.push({ keys: new Set(), key: '', awaitsKey: true });
        break;
      case '[':
        open.push({ key: 0, awaitsKey: false });
        break;
      case '}':
      case ']':
        open.pop();
        break;
      case ',':
        if (inner!.keys) inner!.awaitsKey = true;
        else inner!.key = Number(inner!.key) + 1;
        break;
      case '"': {
        const start = at;
        for (at++; text[at] !== '"'; at++) if (text[at] === '\\') at++;
        if (!inner?.keys || !inner.awaitsKey) break;
        inner.awaitsKey = false;
        inner.key = JSON.parse(text.slice(start, at + 1)) as string;
        if (inner.keys.has(inner.key))
          return { location: 'body', path: jsonPointer(open.map(({ key }) => key)), message: 'is given more than once' };
        inner.keys.add(inner.key);
      }
    }
  }
  throw new Error('No key is given twice.');
}
