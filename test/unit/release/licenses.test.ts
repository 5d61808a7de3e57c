import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { type LicensePolicy, licenseProblems, licenseReport } from '../../../docs/release/licenses.ts';
import { type LockedPackage, lockedPackages } from '../../../docs/release/packages.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const policy: LicensePolicy = {
  allowed: ['MIT', 'ISC', 'Zlib'],
  allowedInDevelopment: ['MPL-2.0'],
  exceptions: { 'odd@1.0.0': { license: 'MIT', reason: 'Its LICENSE is that of MIT.' } },
};
const odd: LockedPackage = { name: 'odd', version: '1.0.0', license: 'SEE LICENSE IN LICENSE', isShipped: true };
const of = (license: string | undefined, isShipped = true): LockedPackage => ({ name: 'a', version: '2.0.0', license, isShipped });

test('the license of every dependency is known and allowed', () => {
  const packages = lockedPackages(root);
  const stored = JSON.parse(readFileSync(`${root}/docs/release/licenses.json`, 'utf8')) as LicensePolicy;
  expect(licenseProblems(packages, stored)).toEqual([]);
  const report = licenseReport(packages, stored);
  expect(report).toMatch(/^\| express \| 5\.\S+ \| MIT \|/m);
  expect(report).not.toMatch(/^\| vitest \|/m);
  expect(report).not.toContain('undefined');
});

test.each([
  ['MIT', true],
  ['(MIT OR GPL-3.0-or-later)', true],
  ['MIT AND ISC AND Zlib', true],
])('%s is allowed', (license) => expect(licenseProblems([odd, of(license)], policy)).toEqual([]));

test.each([
  [of('GPL-3.0-only'), 'a@2.0.0: GPL-3.0-only is not allowed'],
  [of('MIT AND GPL-3.0-only'), 'a@2.0.0: MIT AND GPL-3.0-only is not allowed'],
  [of('UNLICENSED'), 'a@2.0.0: UNLICENSED is not allowed'],
  [of('BSD'), 'a@2.0.0: BSD is not allowed'],
  [of(undefined), 'a@2.0.0: declares no license'],
  [of('MPL-2.0'), 'a@2.0.0: MPL-2.0 is not allowed'],
])('%j is a problem', (found, problem) => expect(licenseProblems([odd, found], policy)).toEqual([problem]));

test('development may use more licenses, and an exception holds for one version and needs a reason', () => {
  expect(licenseProblems([odd, of('MPL-2.0', false)], policy)).toEqual([]);
  expect(licenseProblems([{ ...odd, version: '1.0.1' }], policy)).toEqual([
    'odd@1.0.1: SEE LICENSE IN LICENSE is not allowed',
    'odd@1.0.0: this exception is not needed: remove it from docs/release/licenses.json',
  ]);
  expect(licenseProblems([{ ...odd, license: 'MIT' }], policy)).toHaveLength(1);
  const unexplained = { ...policy, exceptions: { 'odd@1.0.0': { license: 'MIT', reason: ' ' } } };
  expect(licenseProblems([odd], unexplained)).toEqual(['odd@1.0.0: this exception has no reason']);
});
