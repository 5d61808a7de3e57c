import { afterAll, expect, test } from 'vitest';
import { refusalsOf } from '../contract/shared/policy.ts';
import { type Example, readExamples } from '../docs/examples.ts';
import { everyAnswer } from './setup/answers/everyAnswer.ts';
import { exampleOf, expanded, formOf, writeExamples } from './setup/answers/recording.ts';
import { titled } from './setup/operations.ts';
import { reasonOf, startWalk } from './setup/walk.ts';

const walk = await startWalk({ ARKLOOP_AUTH_REGISTRATIONS_PER_IP_HOUR: '1000' });

/** `npm run record` writes what it sees; otherwise it is compared with what was written. */
const recording = process.env.RECORD_EXAMPLES === '1';
const recorded = readExamples();
const examples = new Map<string, Example>();
afterAll(() => {
  if (recording) writeExamples(examples);
});

/** What only a fault brings about: see answers.faults.test.ts. */
const faults = [500, 503];

/** What follows from the form of a declaration, and yet is never given. */
const neverGiven: Readonly<Record<string, readonly number[]>> = {
  // A token that is not the present one is told as `{"valid": false}`.
  'bootstrap.verify': [404],
};

test.for(titled(() => true))('%s gives every answer that it documents', async ([, operation]) => {
  const { route } = operation;
  const exchanges = await everyAnswer(walk, operation);
  const got = exchanges.map(({ wanted, answer }) => (wanted.reason ? reasonOf(answer) : [answer.status]));
  examples.set(operation.id, exampleOf(operation, exchanges));
  expect(got).toEqual(exchanges.map(({ wanted: { status, reason } }) => (reason ? [status, reason] : [status])));
  const documented = [...Object.keys(route.responses).map(Number), ...refusalsOf(route)].filter((status) => !faults.includes(status));
  const seen = new Set(exchanges.map(({ answer }) => answer.status));
  expect(documented.filter((status) => !seen.has(status))).toEqual(neverGiven[operation.id] ?? []);
  if (recording) return;
  const [area, verb] = operation.id.split('.') as [string, string];
  const known = recorded.of(area, verb);
  expect(known, 'npm run record').toBeDefined();
  expect(formOf(expanded(known!, recorded)), 'npm run record').toEqual(formOf(examples.get(operation.id)));
});
