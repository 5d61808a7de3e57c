import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Change, Comparison } from './change.ts';
import { type ApiDocument, readDocument } from './document.ts';
import { contextOf, type ReportedChange, rules } from './rules.ts';

type RedoclyReport = { infoVersions: { base: string; revision: string }; changes: ReportedChange[] };

const config = fileURLToPath(new URL('../released/redocly.yaml', import.meta.url));

/**
 * Compares two documents by file name. Redocly finds the changes and follows references, so it makes no difference whether a part is inline or a
 * component; a change of a component is reported at its first use. `rules` decide the weight. Throws an Error if a document cannot be read.
 */
export function compare(base: string, revision: string, today = new Date().toISOString().slice(0, 10)): Comparison {
  const [before, after] = [base, revision].map((file) => readFrom(file)) as [ApiDocument, ApiDocument];
  const { infoVersions, changes } = reportOf(before, after);
  const context = contextOf(before, after, today);
  return {
    from: infoVersions.base,
    to: infoVersions.revision,
    changes: changes.filter(({ path }) => !isDefinition(path)).map((change) => changeOf(change, context)),
  };
}

/** Components other than security schemes: changes are reported where they are used. */
const isDefinition = (path: string) => path.startsWith('#/components/') && !path.startsWith('#/components/securitySchemes');

function changeOf(reported: ReportedChange, context: ReturnType<typeof contextOf>): Change {
  const { path, base, revision, property } = reported;
  for (const rule of rules) {
    const judgement = rule(reported, context);
    if (!judgement) continue;
    const names = judgement.names ?? requiredNames(reported);
    return {
      ...judgement,
      path,
      ...(base && { base: nodeOf(base.pointer, property) }),
      ...(revision && { revision: nodeOf(revision.pointer, property) }),
      ...(names.length > 0 && { names }),
    };
  }
  throw new Error(`no rule for ${path}`);
}

/** The pointer of the node that has the property. */
const nodeOf = (pointer: string, property: string | undefined) =>
  property !== undefined && pointer.endsWith(`/${property}`) ? pointer.slice(0, -property.length - 1) : pointer;

/** The fields that became required or optional. */
function requiredNames({ property, base, revision }: ReportedChange): string[] {
  if (property !== 'required') return [];
  const [before, after] = [base?.value, revision?.value].map((value) => (Array.isArray(value) ? value.map(String) : []));
  return [...before!.filter((name) => !after!.includes(name)), ...after!.filter((name) => !before!.includes(name))];
}

function readFrom(file: string): ApiDocument {
  try {
    return readDocument(file);
  } catch (error) {
    throw new Error(`The documents cannot be compared. ${(error as Error).message}`, { cause: error });
  }
}

function reportOf(base: ApiDocument, revision: ApiDocument): RedoclyReport {
  const redocly = join(dirname(createRequire(import.meta.url).resolve('@redocly/cli/package.json')), 'bin/cli.js');
  const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };
  const folder = mkdtempSync(join(tmpdir(), 'arkloop-compared-'));
  try {
    const files = [base, revision].map((document, at) => {
      const file = join(folder, `${at}.json`);
      writeFileSync(file, JSON.stringify(document));
      return file;
    });
    const args = ['diff', ...files, '--format=json', '--fail-on=none', `--config=${config}`];
    const { stdout, stderr } = spawnSync(process.execPath, [redocly, ...args], { env, encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 });
    if (!stdout.startsWith('{')) throw new Error(`The documents cannot be compared. ${stderr}`);
    return JSON.parse(stdout);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
