import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { eventsIn } from '../../../client/conformance/check.ts';
import { eventStreamOf, hasEntityTag, returnsFile } from '../../../contract/shared/route.ts';
import { type ErrorExample, type Example, exampleFolder, type Examples } from '../../../docs/openapi/examples.ts';
import type { Answer } from '../app/testApp.ts';
import type { Operation } from '../http/operations.ts';
import type { Exchange } from './everyResponse.ts';
import { createStabilizer } from './stabilizer.ts';

const rowsShown = 2;
const eventsShown = 3;

/** One successful request of an operation, and each distinct response once. */
export function exampleOf({ route }: Operation, exchanges: readonly Exchange[]): Example {
  const stable = createStabilizer();
  const good = exchanges.find(({ answer }) => answer.status < 300);
  const { params = {}, query = {}, body } = good?.sample ?? {};
  const request = stable({
    ...(Object.keys(params).length > 0 && { params }),
    ...(Object.keys(query).length > 0 && { query }),
    ...(body !== undefined && { body }),
  });
  const answers: Record<string, unknown[]> = {};
  const shown = new Set<string>();
  for (const { answer } of exchanges) {
    const { status, body: answered, text } = answer;
    const name = `${status} ${answered?.details?.reason ?? ''}`;
    if (shown.has(name)) continue;
    shown.add(name);
    answers[status] ??= [];
    if (status < 300 && eventStreamOf(route)) answers[status].push(...stable(eventsIn(text)).slice(0, eventsShown));
    // An archive has the time at which it was made.
    else if (status < 300 && returnsFile(route))
      answers[status].push(hasEntityTag(route) && !text.startsWith('PK') ? stable(text) : text.slice(0, 4));
    else if (answered !== undefined) answers[status].push(stable(status < 300 ? shortened(answered) : answered));
  }
  return { ...request, answers };
}

/** Truncates lists to `rowsShown` rows. */
function shortened(body: unknown): unknown {
  if (Array.isArray(body)) return body.slice(0, rowsShown).map(shortened);
  if (typeof body !== 'object' || body === null) return body;
  return Object.fromEntries(Object.entries(body).map(([name, value]) => [name, shortened(value)]));
}

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

const recordedApart = ['outage-errors.json', 'webhooks.json'];

/** Writes one file per area, and `shared-errors.json` with the errors that are not specific to one operation. */
export function writeExamples(examples: ReadonlyMap<string, Example>): void {
  const { sharedErrors, named } = shared(examples);
  const areas: Record<string, Record<string, Example>> = {};
  for (const [id, example] of named) {
    const [area, verb] = id.split('.') as [string, string];
    areas[area] = { ...areas[area], [verb]: example };
  }
  mkdirSync(exampleFolder, { recursive: true });
  for (const file of readdirSync(exampleFolder)) if (!recordedApart.includes(file)) rmSync(new URL(file, exampleFolder));
  for (const [area, verbs] of Object.entries(areas)) writeFileSync(new URL(`${area}.json`, exampleFolder), json(verbs));
  writeFileSync(new URL('shared-errors.json', exampleFolder), json(sharedErrors));
}

/** Writes the error responses to server faults, by reason or code. */
export function writeFaults(answers: readonly Answer[]): void {
  const stable = createStabilizer();
  const nameOf = ({ body }: Answer): string => body.details.reason ?? body.error;
  mkdirSync(exampleFolder, { recursive: true });
  const faults = answers.map((answer) => [nameOf(answer), { status: answer.status, body: stable(answer.body) }]);
  writeFileSync(new URL('outage-errors.json', exampleFolder), json(Object.fromEntries(faults)));
}

/** Writes the webhook payloads by event type. */
export function writeWebhooks(events: Readonly<Record<string, unknown>>): void {
  mkdirSync(exampleFolder, { recursive: true });
  writeFileSync(new URL('webhooks.json', exampleFolder), json(events));
}

/** The structure of an example, for comparisons: property names and value types, and for lists the set of different elements. */
export function structureOf(value: unknown): unknown {
  if (Array.isArray(value)) return [...new Set(value.map((each) => JSON.stringify(structureOf(each))))].sort();
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, inner]) => [name, structureOf(inner)]),
  );
}

/** Replaces the names of shared errors by their bodies. */
export const expandErrors = ({ answers, ...request }: Example, { sharedErrors }: Pick<Examples, 'sharedErrors'>): Example => ({
  ...request,
  answers: Object.fromEntries(
    Object.entries(answers).map(([status, list]) => [
      status,
      list.map((each) => (typeof each === 'string' && sharedErrors[each]?.status === Number(status) ? sharedErrors[each].body : each)),
    ]),
  ),
});

type Problem = { error: string | object; details: { reason?: string; permission?: string; issues?: unknown } };

/** Moves errors out of the examples and refers to them by name, except errors with details of one operation. */
function shared(examples: ReadonlyMap<string, Example>) {
  const sharedErrors: Record<string, ErrorExample> = {};
  const nameOf = (status: string, problem: Problem) => {
    // Errors in the shape of OpenAI are not shared with other operations.
    if (Number(status) < 400 || typeof problem.error === 'object') return problem;
    const { reason, permission, issues } = problem.details;
    if (Array.isArray(issues) && issues.length > 0) return problem;
    const name = [reason ?? problem.error, ...(permission ? [permission] : [])].join('.');
    sharedErrors[name] ??= { status: Number(status), body: problem };
    return JSON.stringify(sharedErrors[name].body) === JSON.stringify(problem) && sharedErrors[name].status === Number(status)
      ? name
      : problem;
  };
  const ordered = [...examples].sort(([a], [b]) => (a < b ? -1 : 1));
  const named = ordered.map(([id, example]): [string, Example] => [
    id,
    {
      ...example,
      answers: Object.fromEntries(
        Object.entries(example.answers).map(([status, list]) => [status, list.map((each) => nameOf(status, each as Problem))]),
      ),
    },
  ]);
  const sorted = Object.fromEntries(Object.entries(sharedErrors).sort(([a], [b]) => (a < b ? -1 : 1)));
  return { sharedErrors: sorted, named };
}
