import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { check } from 'recheck';
import { parseSync, Visitor } from 'vite';

/** `place` is `file:line`, relative to `root`. */
export type Pattern = { source: string; flags: string; place: string };

const root = fileURLToPath(new URL('../../..', import.meta.url));
const recorder = fileURLToPath(new URL('./patternRecorder.ts', import.meta.url));

/** Code that runs in servers, in client applications and in browsers. */
const servingFiles = (): string[] =>
  globSync(['contract/**/*.{ts,tsx}', 'server/**/*.{ts,js}', 'client/**/*.{ts,tsx}', 'docs/**/*.{ts,tsx}'], {
    cwd: root,
    exclude: ['**/node_modules/**', '**/dist/**'],
  }).toSorted();

/** String methods that convert a string argument to a regular expression. */
const converting = new Set(['match', 'matchAll', 'search']);

/** The regular expression literals of a file, and the places of its `RegExp` calls. */
export function patternsIn(file: string, text: string): { literals: Pattern[]; made: string[] } {
  const { program, errors } = parseSync(file, text);
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]!.message}`);
  const placeOf = ({ start }: { start: number }) => `${file}:${text.slice(0, start).split('\n').length}`;
  const literals: Pattern[] = [];
  const made: string[] = [];
  const isRegExp = (callee: { type: string }) => callee.type === 'Identifier' && 'name' in callee && callee.name === 'RegExp';
  new Visitor({
    Literal(node) {
      if ('regex' in node && node.regex) literals.push({ source: node.regex.pattern, flags: node.regex.flags, place: placeOf(node) });
    },
    NewExpression(node) {
      if (isRegExp(node.callee)) made.push(placeOf(node));
    },
    CallExpression(node) {
      const {
        callee,
        arguments: [given],
      } = node;
      if (isRegExp(callee)) made.push(placeOf(node));
      if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier' || !converting.has(callee.property.name)) return;
      if (given?.type === 'Literal' && typeof given.value === 'string')
        literals.push({ source: given.value, flags: '', place: placeOf(node) });
      if (given?.type === 'TemplateLiteral') made.push(placeOf(node));
    },
  }).visit(program);
  return { literals, made };
}

/** The patterns created with `RegExp` while the files are loaded. Loads them in a separate process. */
export function madePatterns(files: readonly string[]): Pattern[] {
  if (files.length === 0) return [];
  const printed = execFileSync(process.execPath, [recorder, ...files], { cwd: root, encoding: 'utf8' });
  return (JSON.parse(printed) as Pattern[]).map((each) => ({ ...each, place: each.place.replace(root, '') }));
}

/** The patterns in the OpenAPI document: those of the contract and of zod formats. */
function documentedPatterns(): Pattern[] {
  const found = new Map<string, Pattern>();
  JSON.parse(readFileSync(`${root}docs/openapi.json`, 'utf8'), (key, value) => {
    if (key === 'pattern' && typeof value === 'string') found.set(value, { source: value, flags: 'u', place: 'docs/openapi.json' });
    return value;
  });
  return [...found.values()];
}

/** Exempt: these files compile patterns from the operator's configuration. The matched program arguments have at most 8,192 characters. */
export const operatorPatterns: readonly string[] = [
  'server/gateway/rateLimits/rateLimitRules.ts',
  'server/platform/config/allowedPrograms.ts',
];

/** Throws if a file creates a pattern with `RegExp` other than while it is loaded, because its source is then unknown. */
export function readPatterns(files: readonly string[]): Pattern[] {
  const parsed = files.map((file) => ({ file, ...patternsIn(file, readFileSync(resolve(root, file), 'utf8')) }));
  const recorded = madePatterns(parsed.filter(({ made }) => made.length > 0).map(({ file }) => file));
  const places = new Set(recorded.map(({ place }) => place));
  const unknown = parsed.flatMap(({ file, made }) => (operatorPatterns.includes(file) ? [] : made.filter((place) => !places.has(place))));
  if (unknown.length > 0) throw new Error(`make these where their module is loaded, not in a function: ${unknown.join(', ')}`);
  return [...parsed.flatMap(({ literals }) => literals), ...recorded];
}

export const allPatterns = (): Pattern[] => [...readPatterns(servingFiles()), ...documentedPatterns()];

/** Worst-case growth of the matching time with the length of the text. */
export type Growth = { degree: number; attack: string };

/** Without unbounded repetition, each match attempt reads a bounded number of characters, so matching is linear. */
const isLimited = ({ source, flags }: Pick<Pattern, 'source' | 'flags'>) =>
  !flags.includes('v') && !/[*+]|\{\d+,\}/.test(source.replace(/\\(?:[pPu]\{[^}]*\}|.)|\[(?:\\.|[^\]\\])*\]/gs, ''));

/** Undefined for linear time or better. If the library cannot decide, the growth counts as exponential. */
export async function growthOf(pattern: Pick<Pattern, 'source' | 'flags'>): Promise<Growth | undefined> {
  if (isLimited(pattern)) return undefined;
  const { source, flags } = pattern;
  // The library does not support the `v` flag. The sets used here mean the same with `u`.
  const verdict = await check(source, flags.replace('v', 'u'), { timeout: 120_000 });
  if (verdict.status === 'safe') return undefined;
  if (verdict.status === 'unknown') return { degree: Number.POSITIVE_INFINITY, attack: verdict.error.kind };
  const { complexity, attack } = verdict;
  return { degree: complexity.type === 'polynomial' ? complexity.degree : Number.POSITIVE_INFINITY, attack: attack.pattern };
}
