import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compare } from '../../docs/breaking/compare.ts';
import { run, runOrThrow } from '../support/checks/thirdParty.ts';
import { breaks, documentOf, harmless, mutatedDocument } from '../support/openapi/mutations.ts';

// oasdiff compares documents too. The record of the decision shows what each of the two finds.
const record = new URL('../../docs/decisions/0041-what-breaks-a-client.md', import.meta.url);
const module = 'github.com/oasdiff/oasdiff@v1.37.0';
const levels: Record<number, string> = { 1: 'info', 2: 'warning', 3: 'error' };

test('the table of the decision shows what the check and oasdiff find', { timeout: 600_000 }, async ({ skip }) => {
  if (!process.env.TEST_THIRD_PARTY) return skip('oasdiff is fetched by `npm run test:third-party`');
  const folder = mkdtempSync(join(tmpdir(), 'arkloop-oasdiff-'));
  const bin = join(tmpdir(), 'arkloop-third-party-cache', module.replaceAll('/', '-'));
  mkdirSync(bin, { recursive: true });
  const oasdiff = join(bin, 'oasdiff');
  if ((await run(oasdiff, ['--version'], { cwd: folder })).code !== 0) {
    const fetched = await run('go', ['install', module], { cwd: folder, env: { GOBIN: bin }, ms: 500_000 });
    if (fetched.code !== 0) return skip(`oasdiff cannot be fetched: ${fetched.stderr.trim().split('\n').at(-1)}`);
  }
  try {
    const cases = [...breaks, ...harmless];
    const names = cases.map((_, at) => `r${at}x`);
    const [base, revision] = [join(folder, 'base.json'), join(folder, 'revision.json')];
    writeFileSync(base, JSON.stringify(documentOf(names)));
    const mutations = cases.map(([, mutation]) => mutation);
    writeFileSync(revision, JSON.stringify(mutatedDocument(names, mutations)));
    const { changes } = compare(base, revision, '2099-06-30');
    const theirs: { id: string; level: number; path: string }[] = JSON.parse(
      await runOrThrow(oasdiff, ['changelog', base, revision, '-f', 'json'], { cwd: folder }),
    );
    const rows = cases.map(([title], at) => {
      const own = changes.filter(({ path, weight }) => path.includes(`~1${names[at]}`) && weight !== 'other');
      const other = theirs.filter(({ path }) => path === `/v1/${names[at]}`);
      const ours = own.map(({ weight, rule }) => `${weight}: \`${rule}\``);
      return row(title, ours, [...new Set(other.map(({ level, id }) => `${levels[level]}: \`${id}\``))]);
    });
    const table = rows.join('\n');
    writeFileSync(record, readFileSync(record, 'utf8').replace(/(\| --- \| --- \| --- \|\n)[^]*?(\n\n|$)/, `$1${table}$2`));
    const written = readFileSync(record, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('| '))
      .slice(2);
    expect(written.map(withoutPadding)).toEqual(rows.map(withoutPadding));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const row = (title: string, ours: string[], theirs: string[]) => `| ${title} | ${ours.join(', ') || '–'} | ${theirs.join(', ') || '–'} |`;
const withoutPadding = (line: string) => line.replaceAll(/ +/g, ' ');
