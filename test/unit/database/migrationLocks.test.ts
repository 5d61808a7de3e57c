import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const folder = new URL('../../../server/database/migrations/', import.meta.url);
/** The first migration that says it. */
const first = 'Migration00085.ts';

test('the comment of every new migration says what it locks and for how long', () => {
  const files = readdirSync(folder).filter((file) => file.startsWith('Migration') && file >= first);
  const commentOf = (file: string) =>
    (/\/\*\*(.*?)\*\/\s*export class/s.exec(readFileSync(new URL(file, folder), 'utf8'))?.[1] ?? '').replace(/\s+\*?\s*/g, ' ');
  const silent = files.filter(
    (file) => !/\b(locks?|locked|blocks?)\b.*\b(milliseconds|(seconds?|minutes?) per million)\b/i.test(commentOf(file)),
  );
  expect(files.length).toBeGreaterThan(3);
  expect(silent).toEqual([]);
});
