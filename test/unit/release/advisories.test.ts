import { expect, test } from 'vitest';
import { advisoriesOf, advisoryProblems } from '../../../docs/release/advisories.ts';

const url = 'https://advisories.example/GHSA-aaaa-bbbb-cccc';
const report = JSON.stringify({
  auditReportVersion: 2,
  vulnerabilities: {
    deep: { via: [{ source: 1, name: 'deep', title: 'Reads too much', url, severity: 'high' }] },
    above: { via: ['deep'] },
  },
});
const id = 'GHSA-aaaa-bbbb-cccc';
const accepted = { [id]: { package: 'deep', reason: 'The server does not call this function.', until: '2027-01-31' } };

test('an advisory is open until it has a reason, and again after its date', () => {
  const found = advisoriesOf(report);
  expect(advisoryProblems(found, {}, '2026-11-28')).toEqual([`deep: high advisory ${id} (Reads too much)`]);
  expect(advisoryProblems(found, accepted, '2027-01-31')).toEqual([]);
  expect(advisoryProblems(found, accepted, '2027-02-01')).toEqual([`deep: ${id} was accepted until 2027-01-31`]);
  expect(advisoryProblems(found, { [id]: { ...accepted[id]!, reason: '' } }, '2026-11-28')).toHaveLength(1);
  expect(advisoryProblems(found, { [id]: { ...accepted[id]!, package: 'other' } }, '2026-11-28')).toHaveLength(1);
  expect(advisoryProblems([], accepted, '2026-11-28')).toEqual([
    `deep: ${id} is not reported any more: remove it from docs/release/advisories.json`,
  ]);
});

test.each([
  ['', 'npm audit failed: no output'],
  ['{"message":"405 Method Not Allowed","error":{"summary":""}}', 'npm audit failed: 405 Method Not Allowed'],
  ['{"error":{"code":"ENOLOCK","summary":"This command requires an existing lockfile."}}', 'requires an existing lockfile'],
])('a registry that does not answer is no clean audit: %j', (output, message) => expect(() => advisoriesOf(output)).toThrow(message));

test('a clean report has no advisories', () => expect(advisoriesOf('{"auditReportVersion":2,"vulnerabilities":{}}')).toEqual([]));
