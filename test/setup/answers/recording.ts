import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { eventsIn } from '../../../client/conformance/check.ts';
import { hasBytes, streamOf } from '../../../contract/shared/route.ts';
import { type Example, type Examples, exampleFolder, type Refusal } from '../../../docs/examples.ts';
import type { Operation } from '../operations.ts';
import type { Answer } from '../world.ts';
import type { Exchange } from './everyAnswer.ts';
import { createStable } from './stable.ts';

/** Rows of a list that an example shows. */
const rowsShown = 2;
const eventsShown = 3;

/** What is shown of an operation: one good request, and each different answer once. */
export function exampleOf({ route }: Operation, exchanges: readonly Exchange[]): Example {
  const stable = createStable();
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
    if (status < 300 && streamOf(route)) answers[status].push(...stable(eventsIn(text)).slice(0, eventsShown));
    else if (status < 300 && hasBytes(route)) answers[status].push(text);
    else if (answered !== undefined) answers[status].push(stable(status < 300 ? shortened(answered) : answered));
  }
  return { ...request, answers };
}

/** Lists with their first rows only. */
function shortened(body: unknown): unknown {
  if (Array.isArray(body)) return body.slice(0, rowsShown).map(shortened);
  if (typeof body !== 'object' || body === null) return body;
  return Object.fromEntries(Object.entries(body).map(([name, value]) => [name, shortened(value)]));
}

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

const recordedApart = ['faults.json', 'webhooks.json'];

/** Writes the examples: a file for each area, and one for the refusals that several operations give word for word. */
export function writeExamples(examples: ReadonlyMap<string, Example>): void {
  const { refusals, named } = shared(examples);
  const areas: Record<string, Record<string, Example>> = {};
  for (const [id, example] of named) {
    const [area, verb] = id.split('.') as [string, string];
    areas[area] = { ...areas[area], [verb]: example };
  }
  mkdirSync(exampleFolder, { recursive: true });
  for (const file of readdirSync(exampleFolder)) if (!recordedApart.includes(file)) rmSync(new URL(file, exampleFolder));
  for (const [area, verbs] of Object.entries(areas)) writeFileSync(new URL(`${area}.json`, exampleFolder), json(verbs));
  writeFileSync(new URL('refusals.json', exampleFolder), json(refusals));
}

/** Writes what any operation answers when something is broken, by reason or code. */
export function writeFaults(answers: readonly Answer[]): void {
  const stable = createStable();
  const nameOf = ({ body }: Answer): string => body.details.reason ?? body.error;
  mkdirSync(exampleFolder, { recursive: true });
  const faults = answers.map((answer) => [nameOf(answer), { status: answer.status, body: stable(answer.body) }]);
  writeFileSync(new URL('faults.json', exampleFolder), json(Object.fromEntries(faults)));
}

/** Writes what endpoints are sent, by the type of the event. */
export function writeWebhooks(events: Readonly<Record<string, unknown>>): void {
  mkdirSync(exampleFolder, { recursive: true });
  writeFileSync(new URL('webhooks.json', exampleFolder), json(events));
}

/** What tells whether two examples are of one form: names, kinds of values, and which refusals there are. */
export function formOf(value: unknown): unknown {
  if (Array.isArray(value)) return [...new Set(value.map((each) => JSON.stringify(formOf(each))))].sort();
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, inner]) => [name, formOf(inner)]),
  );
}

/** An example with the refusals that it only names. */
export const expanded = ({ answers, ...request }: Example, { refusals }: Pick<Examples, 'refusals'>): Example => ({
  ...request,
  answers: Object.fromEntries(
    Object.entries(answers).map(([status, list]) => [
      status,
      list.map((each) => (typeof each === 'string' && refusals[each]?.status === Number(status) ? refusals[each].body : each)),
    ]),
  ),
});

type Problem = { error: string; details: { reason?: string; permission?: string; issues?: unknown } };

/** Refusals get a name when nothing in them is of one operation. */
function shared(examples: ReadonlyMap<string, Example>) {
  const refusals: Record<string, Refusal> = {};
  const nameOf = (status: string, problem: Problem) => {
    if (Number(status) < 400) return problem;
    const { reason, permission, issues } = problem.details;
    if (Array.isArray(issues) && issues.length > 0) return problem;
    const name = [reason ?? problem.error, ...(permission ? [permission] : [])].join('.');
    refusals[name] ??= { status: Number(status), body: problem };
    return JSON.stringify(refusals[name].body) === JSON.stringify(problem) && refusals[name].status === Number(status) ? name : problem;
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
  const sorted = Object.fromEntries(Object.entries(refusals).sort(([a], [b]) => (a < b ? -1 : 1)));
  return { refusals: sorted, named };
}
