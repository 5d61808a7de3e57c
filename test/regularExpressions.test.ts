import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { EmailConfigValues } from '../contract/email.ts';
import { hostPattern } from '../contract/shared/mail.ts';
import { host } from '../server/kernel/config/kinds.ts';
import {
  allPatterns,
  type Growth,
  growthOf,
  madePatterns,
  operatorPatterns,
  type Pattern,
  patternsIn,
  readPatterns,
} from './setup/patterns.ts';

/**
 * Files whose patterns may take more than linear time, because the text is never longer than `longest` characters when it is matched.
 * Prefer another pattern, or code without one. A `max` of zod is no bound unless it aborts: the checks after it run all the same.
 */
const bounded: { file: string; source: string; longest: number; reason: string }[] = [
  // The pattern is published, and a linear one that accepts the same hosts would count as a breaking change.
  { file: 'contract/shared/mail.ts', source: hostPattern.source, longest: 255, reason: 'its uses abort above 255 characters' },
  { file: 'contract/email.ts', source: `^$|${hostPattern.source}`, longest: 255, reason: 'max(255) aborts' },
  { file: 'docs/openapi.json', source: `^$|${hostPattern.source}`, longest: 255, reason: 'maxLength 255 stands beside it' },
];

/** Steps that one match may take: about a millisecond. */
const maxSteps = 1_000_000;

type Slow = Growth & { source: string; flags: string; files: string[] };

/** The patterns whose time grows faster than their text. */
async function slowOnes(patterns: readonly Pattern[]): Promise<Slow[]> {
  const slow: Slow[] = [];
  for (const all of Map.groupBy(patterns, ({ source, flags }) => `${source}/${flags}`).values()) {
    const { source, flags } = all[0]!;
    const growth = await growthOf({ source, flags });
    if (growth) slow.push({ source, flags, files: [...new Set(all.map(({ place }) => place.split(':')[0]!))], ...growth });
  }
  return slow;
}

const isBounded = ({ source, degree }: Slow, file: string) =>
  bounded.some((each) => each.file === file && each.source === source && each.longest ** degree <= maxSteps);

test('every regular expression of the code that serves takes linear time at most, or its text is short', { timeout: 900_000 }, async () => {
  const patterns = allPatterns();
  expect(patterns.length).toBeGreaterThan(300);
  const slow = await slowOnes(patterns);
  expect(slow.filter((each) => each.files.some((file) => !isBounded(each, file)))).toEqual([]);
  const unneeded = bounded.filter(({ file, source }) => !slow.some((each) => each.source === source && each.files.includes(file)));
  expect(unneeded).toEqual([]);
});

test('files that may compile patterns of the configuration do so', () => {
  for (const file of operatorPatterns)
    expect(patternsIn(file, readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')).made).not.toEqual([]);
});

test('texts above the bound of an exception are refused without a match', () => {
  const text = `0${':'.repeat(120_000)}-`;
  const began = performance.now();
  expect(EmailConfigValues.shape.smtp_host.safeParse(text).error?.issues.map(({ code }) => code)).toEqual(['too_big']);
  expect(host.read.safeParse(text).error?.issues.map(({ code }) => code)).toEqual(['too_big']);
  expect(performance.now() - began).toBeLessThan(250);
});

/** A file of a test, outside the project. */
function planted(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'arkloop-patterns-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'planted.ts');
  writeFileSync(file, text);
  return file;
}

test('finds planted patterns that take more than linear time, and no others', async () => {
  const file = planted(`
    const class_ = '[a-z]';
    export const trimmed = (text: string) => text.replace(/\\s+$/, '');
    export const split = (text: string): string[] => text.split(/\\s*,\\s*/);
    export const nested: RegExp = /^(?:a+)+$/;
    export const composed = new RegExp(\`^(\${class_}*)*$\`);
    export const called = RegExp('x*x*$');
    export const found = (text: string) => text.match('y+$');
    export const quoted = (text: string) => text.replace(/^["']+|["']+$/g, '');
    export const fine = /^[a-z]+(?:-[a-z]+)*$/;
    export const limited = /(?:[a-z]{1,20} ){0,4}x[*+]/;
  `);
  const slow = await slowOnes(readPatterns([file]));
  expect(slow.map(({ source }) => source).toSorted()).toEqual(
    ['^(?:a+)+$', '^([a-z]*)*$', '^["\']+|["\']+$', '\\s*,\\s*', '\\s+$', 'x*x*$', 'y+$'].toSorted(),
  );
});

test('refuses a pattern whose text is not known when its module is loaded', () => {
  const file = planted('export const ending = (word: string) => new RegExp(word);');
  expect(patternsIn(file, 'new RegExp(word)').made).toEqual([`${file}:1`]);
  expect(madePatterns([file])).toEqual([]);
  expect(() => readPatterns([file])).toThrow('planted.ts:1');
});
