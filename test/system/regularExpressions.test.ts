import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { EmailConfigValues } from '../../contract/email.ts';
import { hostPattern } from '../../contract/shared/mailPatterns.ts';
import { host } from '../../server/platform/config/kinds.ts';
import {
  allPatterns,
  type Growth,
  growthOf,
  madePatterns,
  operatorPatterns,
  type Pattern,
  patternsIn,
  readPatterns,
} from '../support/checks/patterns.ts';

/**
 * Patterns that may take more than linear time, because the matched text never exceeds `longest` characters.
 * Prefer another pattern, or code without one. A zod `max` limits the text only with `abort`: otherwise later checks still run.
 */
const bounded: { file: string; source: string; longest: number; reason: string }[] = [
  // The pattern is published in the API document. Replacing it with a linear equivalent counts as a breaking change.
  { file: 'contract/shared/mailPatterns.ts', source: hostPattern.source, longest: 255, reason: 'its uses abort above 255 characters' },
  { file: 'contract/email.ts', source: `^$|${hostPattern.source}`, longest: 255, reason: 'max(255) aborts' },
  { file: 'docs/openapi.json', source: `^$|${hostPattern.source}`, longest: 255, reason: 'the schema has maxLength 255' },
];

/** Maximum steps of one match, about 1 ms. */
const maxSteps = 1_000_000;

type Slow = Growth & { source: string; flags: string; files: string[] };

/** Returns the patterns that take more than linear time. */
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

test('every regular expression in production code takes linear time or matches only short text', { timeout: 900_000 }, async () => {
  const patterns = allPatterns();
  expect(patterns.length).toBeGreaterThan(300);
  const slow = await slowOnes(patterns);
  expect(slow.filter((each) => each.files.some((file) => !isBounded(each, file)))).toEqual([]);
  const unneeded = bounded.filter(({ file, source }) => !slow.some((each) => each.source === source && each.files.includes(file)));
  expect(unneeded).toEqual([]);
});

test('files listed as compiling configured patterns do so', () => {
  for (const file of operatorPatterns)
    expect(patternsIn(file, readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')).made).not.toEqual([]);
});

test('texts above the bound of an exception are rejected without matching', () => {
  const text = `0${':'.repeat(120_000)}-`;
  const began = performance.now();
  expect(EmailConfigValues.shape.smtp_host.safeParse(text).error?.issues.map(({ code }) => code)).toEqual(['too_big']);
  expect(host.schema.safeParse(text).error?.issues.map(({ code }) => code)).toEqual(['too_big']);
  expect(performance.now() - began).toTakeLessThan(250);
});

/** Writes a source file outside the project, which is removed after the test. */
function planted(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'arkloop-patterns-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'planted.ts');
  writeFileSync(file, text);
  return file;
}

test('finds exactly the planted patterns that take more than linear time', async () => {
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

test('rejects a pattern whose source is not known when its module is loaded', () => {
  const file = planted('export const ending = (word: string) => new RegExp(word);');
  expect(patternsIn(file, 'new RegExp(word)').made).toEqual([`${file}:1`]);
  expect(madePatterns([file])).toEqual([]);
  expect(() => readPatterns([file])).toThrow('planted.ts:1');
});
