import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inlineReferences } from './compact/references.ts';

/**
 * The effect of a change on API clients. `breaking`: working clients stop working. `announced`: clients that follow the rules of the document
 * keep working, but their authors should know.
 */
type Weight = 'breaking' | 'announced' | 'addition' | 'other';

/** A change of the OpenAPI document since the last release. */
export type Change = { weight: Weight; rule: string; path: string; message: string };

/** An intentional breaking change. `why` tells users what to do. */
export type DeclaredBreakingChange = { rule: string; path: string; why: string };

/**
 * A correction: the released document allowed something that the server never accepted or sent, so no client stops working. `was` describes how
 * the server handled what is now excluded. Only value constraints and parameters without effect can be corrected.
 */
export type Correction = { rule: string; path: string; was: string };

/** Redocly finds the changes and their direction. `changeOf` decides their weight. */
export type Comparison = { from: string; to: string; changes: Change[] };

type Verdict = { ruleId: string; impact: string; message: string };
type RedoclyChange = {
  path: string;
  kind: 'added' | 'removed' | 'modified';
  impact: 'major' | 'minor' | 'patch';
  property?: string;
  verdicts: Verdict[];
  revision?: { value?: unknown };
};
type RedoclyReport = { infoVersions: { base: string; revision: string }; changes: RedoclyChange[] };

const folder = fileURLToPath(new URL('../released/', import.meta.url));
const current = fileURLToPath(new URL('../openapi.json', import.meta.url));

/** Clients ignore unknown values and types, as the document requires. */
const isAnnounced = ({ kind, verdicts, path }: RedoclyChange) =>
  path.includes('/responses/') &&
  verdicts.every(({ ruleId }) => ruleId === 'enum-values-added' || (ruleId === 'schema-combinator-changed' && kind === 'added'));

/** Redocly has no rule for a request that no longer accepts additional properties. */
const isNarrowed = ({ property, path, revision }: RedoclyChange) =>
  property === 'additionalProperties' && path.includes('/requestBody/') && revision?.value === false;

function changeOf(reported: RedoclyChange): Change {
  const { impact, path, property, verdicts } = reported;
  if (isNarrowed(reported))
    return { weight: 'breaking', rule: 'additional-properties-refused', path, message: 'Unknown fields are now rejected.' };
  if (property === 'x-permission')
    return { weight: 'announced', rule: 'permission-changed', path, message: 'A different permission is required.' };
  const { ruleId: rule = 'none', message = '' } = verdicts.find((verdict) => verdict.impact === impact) ?? {};
  if (impact === 'major') return { weight: isAnnounced(reported) ? 'announced' : 'breaking', rule, path, message };
  return { weight: impact === 'minor' ? 'addition' : 'other', rule, path, message };
}

/** Compares two documents by file name. Throws an Error if one cannot be read. */
export function compare(base: string, revision: string): Comparison {
  const { infoVersions, changes } = reportOfInlined(base, revision);
  return { from: infoVersions.base, to: infoVersions.revision, changes: changes.map(changeOf) };
}

/** A change of a shared response or parameter is a change of every operation that uses it, and moving one to the components is none. */
function reportOfInlined(base: string, revision: string): RedoclyReport {
  const inlined = mkdtempSync(join(tmpdir(), 'openapi-'));
  try {
    const files = Object.entries({ base, revision }).map(([name, file]) => {
      const path = join(inlined, `${name}.json`);
      writeFileSync(path, JSON.stringify(inlineReferences(parse(file))));
      return path;
    });
    return reportOf(files[0]!, files[1]!);
  } finally {
    rmSync(inlined, { recursive: true });
  }
}

function parse(file: string): object {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`The documents cannot be compared. ${file}: ${String(error)}`, { cause: error });
  }
}

function reportOf(base: string, revision: string): RedoclyReport {
  const redocly = join(dirname(createRequire(import.meta.url).resolve('@redocly/cli/package.json')), 'bin/cli.js');
  const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };
  const args = ['diff', base, revision, '--format=json', '--fail-on=none', `--config=${join(folder, 'redocly.yaml')}`];
  const { stdout, stderr } = spawnSync(process.execPath, [redocly, ...args], { env, encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 });
  if (!stdout.startsWith('{')) throw new Error(`The documents cannot be compared. ${stderr}`);
  return JSON.parse(stdout);
}

/** The next version according to semver 2.0.0. Before 1.0.0, a breaking change increments the second number and any other change the third. */
export function nextVersion({ from, changes }: Comparison): string {
  const [major = 0, minor = 0, patch = 0] = from.split('.').map(Number);
  const has = (...weights: Weight[]) => changes.some(({ weight }) => weights.includes(weight));
  if (changes.length === 0) return from;
  if (major === 0) return has('breaking') ? `0.${minor + 1}.0` : `0.${minor}.${patch + 1}`;
  if (has('breaking')) return `${major + 1}.0.0`;
  return has('announced', 'addition') ? `${major}.${minor + 1}.0` : `${major}.${minor}.${patch + 1}`;
}

/** Gives corrected changes the weight `other`. Corrections that match no change, or a change that cannot be corrected, are returned as `stale`. */
export function applyCorrections(
  comparison: Comparison,
  corrected: readonly Correction[],
): { comparison: Comparison; stale: Correction[] } {
  const isCorrected = (change: Change) =>
    change.weight === 'breaking' && corrected.some((each) => isCorrectable(each) && isSame(change, each));
  const changes = comparison.changes.map((change): Change => (isCorrected(change) ? { ...change, weight: 'other' } : change));
  const stale = corrected.filter(
    (each) => !each.was.trim() || !comparison.changes.some((change) => isCorrected(change) && isSame(change, each)),
  );
  return { comparison: { ...comparison, changes }, stale };
}

const isCorrectable = ({ rule }: Correction) =>
  ['schema-constraint-changed', 'schema-combinator-changed', 'parameter-removed'].includes(rule);

const isSame = (change: Change, declared: Pick<DeclaredBreakingChange, 'rule' | 'path'>) =>
  change.rule === declared.rule && change.path === declared.path;
const formatChange = ({ rule, path, message }: Change) => `  ${rule}  ${path}\n    ${message}`;

/** Formats a comparison. `ok` if all breaking changes are declared and all declarations match a breaking change. */
export function formatComparison(comparison: Comparison, declared: readonly DeclaredBreakingChange[]): { ok: boolean; text: string } {
  const { from, to, changes } = comparison;
  const of = (weight: Weight) => changes.filter((change) => change.weight === weight);
  const breaking = of('breaking');
  const undeclared = breaking.filter((change) => !declared.some((each) => isSame(change, each)));
  const stale = declared.filter((each) => !breaking.some((change) => isSame(change, each)));
  const sections: [title: string, lines: string[]][] = [
    ['Breaking, but not declared in docs/released/declared.json:', undeclared.map(formatChange)],
    ['Declared, but not found:', stale.map(({ rule, path }) => `  ${rule}  ${path}`)],
    ['Breaking, as declared:', breaking.filter((change) => !undeclared.includes(change)).map(formatChange)],
    ['To be announced:', of('announced').map(formatChange)],
  ];
  const shown = sections.flatMap(([title, lines]) => (lines.length > 0 ? [title, ...lines] : []));
  const counts = `${breaking.length} breaking, ${of('announced').length} to announce, ${of('addition').length} additions, ${of('other').length} others`;
  const text = [...shown, `Since ${from}: ${counts}. The next version is ${nextVersion(comparison)}; the document says ${to}.`].join('\n');
  return { ok: undeclared.length + stale.length === 0, text };
}

const byVersion = new Intl.Collator('en', { numeric: true });
const latestRelease = () =>
  join(
    folder,
    readdirSync(folder)
      .filter((name) => /^openapi-[\d.]+\.json$/.test(name))
      .sort(byVersion.compare)
      .at(-1)!,
  );

if (import.meta.main) {
  if (process.argv.includes('--release')) {
    const document = JSON.parse(readFileSync(current, 'utf8')) as { info: { version: string } };
    writeFileSync(join(folder, `openapi-${document.info.version}.json`), `${JSON.stringify(document)}\n`);
    for (const file of ['declared.json', 'corrected.json']) writeFileSync(join(folder, file), '[]\n');
  } else {
    const read = (file: string) => JSON.parse(readFileSync(join(folder, file), 'utf8'));
    const { comparison, stale } = applyCorrections(compare(latestRelease(), current), read('corrected.json') as Correction[]);
    const { ok, text } = formatComparison(comparison, read('declared.json') as DeclaredBreakingChange[]);
    console.log(text);
    for (const { rule, path } of stale) console.log(`docs/released/corrected.json corrects nothing at ${rule} ${path}`);
    process.exitCode = ok && stale.length === 0 ? 0 : 1;
  }
}
