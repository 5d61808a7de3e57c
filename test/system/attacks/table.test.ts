import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const folder = new URL('.', import.meta.url);
const table = readFileSync(new URL('README.md', folder), 'utf8');
const rows = table.split('\n').filter((line) => line.startsWith('| ') && !/^\| (Attack |-)/.test(line));
const named = /\[([^\]]+)\]\(([^)]+\.test\.ts)\) “([^”]+)”/g;

test('every attack in the table names tests that exist', () => {
  expect(rows.length).toBeGreaterThan(80);
  for (const row of rows) {
    const tests = [...row.matchAll(named)].map(([, , path, title]) => ({ path: path!, title: title! }));
    expect([row, tests.length > 0]).toEqual([row, true]);
    for (const { path, title } of tests) expect([path, readFileSync(new URL(path, folder), 'utf8').includes(title)]).toEqual([path, true]);
  }
});

test('every file of attack tests is in the table', () => {
  const files = readdirSync(folder).filter((file) => file.endsWith('.test.ts') && file !== 'table.test.ts');
  expect(files.filter((file) => !table.includes(`](${file})`))).toEqual([]);
});
