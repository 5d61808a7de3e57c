import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readManifests } from '../../client/conformance/consumers/manifestFiles.ts';
import { applyCorrections, compareVersions, type Correction, type DeclaredBreakingChange, nextVersion } from './change.ts';
import { compare } from './compare.ts';
import { formatConsumers, reportConsumers } from './consumers.ts';
import { deprecationProblems } from './deprecations.ts';
import { readDocument } from './document.ts';
import { formatComparison } from './report.ts';

const folder = fileURLToPath(new URL('../released/', import.meta.url));
const current = fileURLToPath(new URL('../openapi.json', import.meta.url));

const latestRelease = () =>
  join(
    folder,
    readdirSync(folder)
      .filter((name) => /^openapi-[\d.]+\.json$/.test(name))
      .sort(compareVersions)
      .at(-1)!,
  );

function release() {
  const document = JSON.parse(readFileSync(current, 'utf8')) as { info: { version: string } };
  writeFileSync(join(folder, `openapi-${document.info.version}.json`), `${JSON.stringify(document)}\n`);
  for (const file of ['declared.json', 'corrected.json']) writeFileSync(join(folder, file), '[]\n');
}

function check(asJson: boolean, consumers: readonly string[]): boolean {
  const read = (file: string) => JSON.parse(readFileSync(join(folder, file), 'utf8'));
  const base = latestRelease();
  const document = readDocument(current);
  const manifests = readManifests(consumers);
  const { comparison, stale } = applyCorrections(compare(base, current), read('corrected.json') as Correction[]);
  const { ok, text } = formatComparison(comparison, read('declared.json') as DeclaredBreakingChange[]);
  const problems = [
    ...stale.map(({ rule, path }) => `docs/released/corrected.json corrects nothing at ${rule} ${path}`),
    ...deprecationProblems(document, readFileSync(new URL('../../CHANGELOG.md', import.meta.url), 'utf8')),
  ];
  const report = manifests.length > 0 ? reportConsumers(comparison, readDocument(base), document, manifests) : undefined;
  const isOk = ok && problems.length === 0;
  if (asJson) {
    const named = comparison.changes.filter(({ weight }) => weight !== 'other');
    console.log(JSON.stringify({ ok: isOk, ...comparison, next: nextVersion(comparison), changes: named, problems, ...report }, null, 2));
    return isOk;
  }
  console.log(text);
  if (report) console.log(formatConsumers(report));
  for (const problem of problems) console.log(problem);
  return isOk;
}

const { values } = parseArgs({
  options: {
    release: { type: 'boolean' },
    json: { type: 'boolean', default: false },
    consumers: { type: 'string', multiple: true, default: [] },
  },
});
if (values.release) release();
else process.exitCode = check(values.json, values.consumers) ? 0 : 1;
