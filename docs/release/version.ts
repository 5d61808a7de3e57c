import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const read = (root: string, file: string) => readFileSync(join(root, file), 'utf8');
const versionIn = (root: string, file: string) => (JSON.parse(read(root, file)) as { version: string }).version;

export const releaseVersion = (root: string): string => versionIn(root, 'package.json');

/** One line for each file that does not fit a release of the version in `package.json`. */
export function versionProblems(root: string): string[] {
  const version = releaseVersion(root);
  const { info } = JSON.parse(read(root, 'docs/openapi.json')) as { info: { version: string } };
  const others = {
    'client/package.json': versionIn(root, 'client/package.json'),
    'package-lock.json': versionIn(root, 'package-lock.json'),
    'docs/openapi.json': info.version,
  };
  const kept = [
    `docs/released/openapi-${version}.json`,
    `test/system/data/released/${version}.json.gz`,
    `test/statements/released/${version}.json.gz`,
  ];
  return [
    ...Object.entries(others).flatMap(([file, found]) => (found === version ? [] : [`${file}: the version is ${found}, not ${version}`])),
    ...(hasSection(read(root, 'CHANGELOG.md'), version) ? [] : [`CHANGELOG.md: there is no section "## ${version} - YYYY-MM-DD"`]),
    ...kept.filter((file) => !existsSync(join(root, file))).map((file) => `${file} is missing: see docs/guides/releasing.md`),
  ];
}

const hasSection = (changelog: string, version: string) =>
  changelog
    .split('\n')
    .some((line) => line.startsWith(`## ${version} - `) && /^\d{4}-\d\d-\d\d$/.test(line.slice(`## ${version} - `.length)));
