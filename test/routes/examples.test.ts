import { afterAll, expect, test } from 'vitest';
import { errorStatusesOf } from '../../contract/shared/policy.ts';
import { type Example, readExamples } from '../../docs/openapi/examples.ts';
import { everyResponse } from '../support/answers/everyResponse.ts';
import { exampleOf, expandErrors, structureOf, writeExamples } from '../support/answers/recording.ts';
import { operationRows } from '../support/http/operations.ts';
import { statusAndReason } from '../support/http/responses.ts';
import { startRouteSuite } from '../support/http/routeSuite.ts';

const walk = await startRouteSuite({ ARKLOOP_AUTH_REGISTRATIONS_PER_IP_HOUR: '1000' });

/** `npm run record` writes the examples; otherwise responses are compared with the recorded ones. */
const recording = process.env.RECORD_EXAMPLES === '1';
const recorded = readExamples();
const examples = new Map<string, Example>();
afterAll(() => {
  if (recording) writeExamples(examples);
});

/** Statuses that need a fault; see examples.faults.test.ts. */
const faults = [500, 503];

/** Statuses that follow from the declaration of a route but never occur. */
const unreachableStatuses: Readonly<Record<string, readonly number[]>> = {
  // An outdated token is answered with `{"valid": false}`.
  'bootstrap.verify': [404],
};

test.for(operationRows(() => true))('%s returns every response that it documents', async ([, operation]) => {
  const { route } = operation;
  const exchanges = await everyResponse(walk, operation);
  const got = exchanges.map(({ expected, answer }) => (expected.reason ? statusAndReason(answer) : [answer.status]));
  examples.set(operation.id, exampleOf(operation, exchanges));
  expect(got).toEqual(exchanges.map(({ expected: { status, reason } }) => (reason ? [status, reason] : [status])));
  const documented = [...Object.keys(route.responses).map(Number), ...errorStatusesOf(route)].filter((status) => !faults.includes(status));
  const seen = new Set(exchanges.map(({ answer }) => answer.status));
  expect(documented.filter((status) => !seen.has(status))).toEqual(unreachableStatuses[operation.id] ?? []);
  if (recording) return;
  const [area, verb] = operation.id.split('.') as [string, string];
  const known = recorded.of(area, verb);
  expect(known, 'npm run record').toBeDefined();
  expect(structureOf(expandErrors(known!, recorded)), 'npm run record').toEqual(structureOf(examples.get(operation.id)));
});
