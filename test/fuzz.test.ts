import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { reasonProse } from '../docs/reasonProse.ts';
import { explained } from './fuzz/explained.ts';
import { explanationOf, grouped, readReport } from './fuzz/findings.ts';

const answer = (status_code: number, details: object) => ({
  response: { status_code, content: { $base64: Buffer.from(JSON.stringify({ details })).toString('base64') } },
});
const failed = (name: string) => [
  { name: 'status_code_conformance', status: 'success' },
  { name, status: 'failure' },
];

test('every failed check of a report is a finding, and a known answer hides no other', () => {
  const folder = mkdtempSync(join(tmpdir(), 'arkloop-report-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'report.ndjson');
  const recorder = {
    label: 'GET /v1/threads',
    checks: { a: failed('positive_data_acceptance'), b: failed('positive_data_acceptance'), c: failed('not_a_server_error') },
    interactions: {
      a: answer(400, { reason: 'invalid_cursor', issues: [{ path: 'before', message: 'is not a cursor of this list' }] }),
      b: answer(400, { issues: [{ path: 'limit', message: 'must be an integer' }] }),
      c: answer(500, {}),
    },
  };
  const events = [{ ScenarioStarted: {} }, { ScenarioFinished: {} }, { ScenarioFinished: { recorder } }];
  writeFileSync(file, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  const { requests, findings, errors } = readReport(file);
  expect([requests, findings.length, errors]).toEqual([3, 3, []]);
  expect(grouped(findings.filter((finding) => !explanationOf(finding)))).toEqual([
    '1 × positive_data_acceptance | 400 | GET /v1/threads | limit must be an integer',
    '1 × not_a_server_error | 500 | GET /v1/threads',
  ]);
});

test('explanations name reasons that are documented, and no fault of the server', () => {
  for (const { reasons = [], status, why } of explained) {
    expect(reasons.filter((reason) => !(reason in reasonProse))).toEqual([]);
    expect([status === 500, why.length > 20]).toEqual([false, true]);
  }
});
