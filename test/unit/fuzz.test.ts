import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { explainedFindings } from '../fuzz/explained.ts';
import { explanationOf, grouped, readReport } from '../fuzz/findings.ts';

const answer = (status_code: number, details: object) => ({
  response: { status_code, content: { $base64: Buffer.from(JSON.stringify({ details })).toString('base64') } },
});
const failed = (name: string) => [
  { name: 'status_code_conformance', status: 'success' },
  { name, status: 'failure' },
];

/** Writes a Schemathesis report, which is removed after the test. */
function reportOf(recorder: object): string {
  const folder = mkdtempSync(join(tmpdir(), 'arkloop-report-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'report.ndjson');
  const events = [{ ScenarioStarted: {} }, { ScenarioFinished: {} }, { ScenarioFinished: { recorder } }];
  writeFileSync(file, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  return file;
}

test('every failed check of a report is a finding, and an explained one hides no other', () => {
  const recorder = {
    label: 'GET /v1/threads',
    checks: { a: failed('positive_data_acceptance'), b: failed('positive_data_acceptance'), c: failed('not_a_server_error') },
    interactions: {
      a: answer(400, {
        reason: 'invalid_cursor',
        issues: [{ path: 'before', message: 'is not a cursor of this list', reason: 'invalid_cursor' }],
      }),
      b: answer(400, { issues: [{ path: 'limit', message: 'must be an integer' }] }),
      c: answer(500, {}),
    },
  };
  const { requests, findings, errors } = readReport(reportOf(recorder));
  expect([requests, findings.length, errors]).toEqual([3, 3, []]);
  expect(grouped(findings.filter((finding) => !explanationOf(finding)))).toEqual([
    '1 × positive_data_acceptance | 400 | GET /v1/threads | limit must be an integer',
    '1 × not_a_server_error | 500 | GET /v1/threads',
  ]);
});

test('a finding is explained only if the operation documents the reasons of all its issues', () => {
  const finding = (operation: string, ...issueReasons: (string | undefined)[]) =>
    Boolean(explanationOf({ operation, check: 'positive_data_acceptance', status: 400, reason: 'slug_reserved', issueReasons }));
  expect(finding('POST /v1/accounts', 'slug_reserved')).toBe(true);
  expect(finding('POST /v1/accounts', 'slug_reserved', 'invalid_name')).toBe(true);
  expect(finding('POST /v1/accounts', 'slug_reserved', undefined)).toBe(false);
  expect(finding('POST /v1/accounts', 'invalid_locale')).toBe(false);
  expect(finding('POST /v1/threads', 'slug_reserved')).toBe(false);
  expect(finding('Stateful tests', 'slug_reserved')).toBe(false);
});

test('a finding of a stateful scenario belongs to the operation of its request', () => {
  const file = reportOf({
    label: 'Stateful tests',
    checks: { a: failed('not_a_server_error'), b: failed('not_a_server_error') },
    interactions: {
      a: { request: { method: 'GET', uri: 'http://127.0.0.1:1/v1/accounts/me?limit=1' }, ...answer(500, {}) },
      b: { request: { method: 'PATCH', uri: 'http://127.0.0.1:1/v1/accounts/0198c2f4' }, ...answer(500, {}) },
    },
  });
  expect(readReport(file).findings.map(({ operation }) => operation)).toEqual(['GET /v1/accounts/me', 'PATCH /v1/accounts/{account_id}']);
});

test('no explanation covers status 500', () => {
  for (const { status, why } of explainedFindings) expect([status === 500, why.length > 20]).toEqual([false, true]);
});
