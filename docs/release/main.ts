// Makes and checks the artifacts of a release: `npm run release`. See docs/guides/releasing.md.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildClient } from '../client/build.ts';
import { type AcceptedAdvisories, advisoriesOf, advisoryProblems } from './advisories.ts';
import { type LicensePolicy, licenseProblems, licenseReport } from './licenses.ts';
import { lockedPackages } from './packages.ts';
import { softwareBillOf } from './sbom.ts';
import { checksumsFile, checksumsOf, signatureFile, signChecksums, verifyRelease } from './signature.ts';
import { releaseVersion, versionProblems } from './version.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const readJson = <T>(file: string) => JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8')) as T;

const { values } = parseArgs({
  options: {
    'dry-run': { type: 'boolean', default: false },
    'without-audit': { type: 'boolean', default: false },
    out: { type: 'string', default: 'release' },
    verify: { type: 'string' },
    'public-key': { type: 'string' },
  },
});

/** Runs a program in the repository. Throws an Error with its output if it fails. */
function run(program: string, ...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed: ${error?.message ?? (stderr.trim() || stdout.trim())}`);
  return stdout;
}

/** What must be right before the artifacts are made, as groups of problems. */
function findProblems(isDryRun: boolean): Record<string, string[]> {
  const packages = lockedPackages(root);
  const unfinished = [
    ...versionProblems(root),
    ...(run('git', 'status', '--porcelain') === '' ? [] : ['there are changes that are not committed']),
  ];
  // A dry run happens before the version is set.
  if (isDryRun) for (const each of unfinished) console.warn(`open: ${each}`);
  return {
    licenses: licenseProblems(packages, readJson<LicensePolicy>('licenses.json')),
    advisories: values['without-audit'] ? [] : auditProblems(),
    version: isDryRun ? [] : unfinished,
  };
}

/** `npm audit` exits with 1 for advisories, and for a registry that does not answer. */
function auditProblems(): string[] {
  const { stdout } = spawnSync('npm', ['audit', '--json'], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 });
  try {
    return advisoryProblems(advisoriesOf(stdout), readJson<AcceptedAdvisories>('advisories.json'), new Date().toISOString().slice(0, 10));
  } catch (error) {
    return [(error as Error).message];
  }
}

/** Built in a folder of its own, so that nothing else that is in `client` gets into the package. */
async function packClient(folder: string) {
  const place = mkdtempSync(join(tmpdir(), 'arkloop-client-'));
  try {
    for (const file of ['package.json', 'README.md', 'LICENSE']) cpSync(join(root, 'client', file), join(place, file));
    await buildClient(place);
    run('npm', 'pack', place, '--ignore-scripts', '--pack-destination', folder, '--json');
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

async function makeArtifacts(folder: string, signingKey: string | undefined) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const version = releaseVersion(root);
  const write = (name: string, content: string | Buffer) => writeFileSync(join(folder, name), content);
  await packClient(folder);
  write(`arkloop-api-${version}.cdx.json`, softwareBillOf(root, run));
  write('LICENSES.md', licenseReport(lockedPackages(root), readJson<LicensePolicy>('licenses.json')));
  const checksums = checksumsOf(folder);
  write(checksumsFile, checksums);
  if (signingKey !== undefined) write(signatureFile, signChecksums(checksums, signingKey));
  process.stdout.write(checksums);
}

async function release() {
  const isDryRun = values['dry-run'];
  if (values['without-audit'] && !isDryRun) throw new Error('--without-audit is for --dry-run only');
  const keyFile = process.env.RELEASE_KEY_FILE;
  if (!keyFile && !isDryRun) throw new Error('RELEASE_KEY_FILE: expected the file of an Ed25519 key as PEM');
  const signingKey = keyFile ? readFileSync(keyFile, 'utf8') : undefined;
  const problems = Object.entries(findProblems(isDryRun)).flatMap(([group, lines]) => lines.map((line) => `${group}: ${line}`));
  if (problems.length > 0) throw new Error(problems.join('\n'));
  const folder = resolve(values.out);
  await makeArtifacts(folder, signingKey);
  console.log(`${folder}: ${signingKey === undefined ? 'not signed, because there is no key' : 'signed'}`);
}

function verifyFolder(folder: string) {
  if (!values['public-key']) throw new Error('--public-key: expected the file of the public key');
  const problems = verifyRelease(resolve(folder), readFileSync(values['public-key'], 'utf8'));
  if (problems.length > 0) throw new Error(problems.join('\n'));
  console.log(`${folder}: all files are signed by this key`);
}

try {
  if (values.verify === undefined) await release();
  else verifyFolder(values.verify);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
