import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { groupOf, toolNames } from '../../../server/agent/mcp/toolNames.ts';

const hash = (raw: string) => createHash('sha256').update(raw).digest('hex').slice(0, 8);
const namesOf = (...pairs: [server: string, tool: string][]) => toolNames(pairs.map(([server, tool]) => ({ server, tool })));

test.each([
  ['files', 'read', 'mcp__files__read'],
  ['My files!', 'read-it', 'mcp__My_files__read_it'],
  ['files', '../../x', 'mcp__files__x'],
  ['files', 'a..b', 'mcp__files__a_b'],
  ['files', '__proto__', 'mcp__files__proto'],
  ['_files-', '-read-', 'mcp__files__read'],
  ['files', '日本語', 'mcp__files'],
  ['files', 'a\u0000\u001b[31mb', 'mcp__files__a_31mb'],
])('server %s and tool %s give %s', (server, tool, name) => {
  expect(namesOf([server, tool])).toEqual([name]);
});

test('names that collide after sanitizing get a hash of the original names, in any order', () => {
  const [a, b]: [[string, string], [string, string]] = [
    ['my files', 'read'],
    ['my-files', 'read'],
  ];
  const expected = [`mcp__my_files__read__${hash('mcp__my files__read')}`, `mcp__my_files__read__${hash('mcp__my-files__read')}`];
  expect(namesOf(a, b, ['my files', 'write'])).toEqual([...expected, 'mcp__my_files__write']);
  expect(namesOf(b, a)).toEqual(expected.reverse());
});

test('names that are identical before sanitizing are numbered', () => {
  const digest = hash('mcp__a__b__c');
  expect(namesOf(['a', 'b__c'], ['a__b', 'c'], ['a', 'b__c'])).toEqual([
    `mcp__a__b__c__${digest}`,
    `mcp__a__b__c__${digest}_2`,
    `mcp__a__b__c__${digest}_3`,
  ]);
});

test('no name is longer than 64 characters, and all are distinct', () => {
  const long = 'x'.repeat(300);
  const names = namesOf(['s', long], ['s', `${long}y`], ['s', long], ['s', long]);
  expect(names[0]).toBe(`mcp__s__${'x'.repeat(47)}_${hash(`mcp__s__${long}`)}`);
  expect(new Set(names).size).toBe(4);
  for (const name of names) expect(name).toMatch(/^[A-Za-z0-9_]{1,64}$/);
  expect(namesOf(['s', 'x'.repeat(56)])[0]).toHaveLength(64);
  expect(namesOf(['s', 'x'.repeat(56)])[0]).not.toContain(hash(`mcp__s__${'x'.repeat(56)}`));
});

test('thousands of tools get distinct names', () => {
  const pairs = Array.from({ length: 5_000 }, (_, at): [string, string] => [`s ${at % 7}`, `t${'-'.repeat(at % 11)}${at % 900}`]);
  const names = namesOf(...pairs);
  expect(new Set(names).size).toBe(5_000);
});

test('the group name of a server is the prefix of its tool names', () => {
  expect(groupOf('My files!')).toBe('mcp__My_files');
});
