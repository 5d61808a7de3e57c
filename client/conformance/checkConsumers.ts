import { z } from 'zod';
import { type EventStream, eventStreamOf, type Route, type Schema } from '../../contract/shared/route.ts';
import type { Manifest, UsedResponse } from '../recorder/manifest.ts';
import { formatPath } from '../recorder/schemaSteps.ts';
import type { HttpResponse } from './call.ts';
import { eventsIn } from './check.ts';
import type { CheckContext, Result } from './checkOperations.ts';
import { operations } from './operations.ts';
import { describeResponse, KitError } from './people.ts';
import { type Probe, probesOf, probesWithoutSample } from './probes.ts';
import { callOptionsOf, pathOf } from './sample.ts';
import { UncheckedReason } from './samples/fixtures.ts';
import { sampleOf } from './samples/sampleOf.ts';

type Use = { consumer: string; responses: Record<string, UsedResponse> };

/**
 * Checks only what consumers use: each operation with one valid request, whose response must have the fields that they read, and the errors that
 * they receive, where a request can provoke them. Yields each result when it is done.
 */
export async function* checkConsumers(context: CheckContext, manifests: readonly Manifest[]): AsyncGenerator<Result> {
  const ids = [...new Set(manifests.flatMap((manifest) => Object.keys(manifest.operations)))].sort();
  const unknown = ids.filter((id) => !operations.some((operation) => operation.id === id));
  if (unknown.length > 0) throw new KitError(`the contract has no operation ${unknown.join(', ')}, which a manifest names`);
  for (const operation of operations.filter(({ id }) => ids.includes(id))) {
    const uses = manifests.flatMap(({ consumer, operations: all }): Use[] => {
      const used = all[operation.id];
      return used ? [{ consumer, responses: used.responses }] : [];
    });
    const result: Result = { operation, seen: [], violations: [] };
    await checkUses(context, result, uses);
    yield result;
  }
}

async function checkUses(context: CheckContext, result: Result, uses: readonly Use[]) {
  const { operation } = result;
  try {
    const sample = await sampleOf(context.maker, operation);
    for (const probe of probesOf(operation, sample, { key: context.key })) await runUsedProbe(context, result, uses, probe);
    await checkSuccess(context, result, uses);
  } catch (error) {
    if (error instanceof UncheckedReason) {
      result.unchecked = error.message;
      for (const probe of probesWithoutSample(operation)) await runUsedProbe(context, result, uses, probe);
      return;
    }
    const { message, cause } = error as Error & { cause?: Error };
    result.violations.push({
      operation: operation.id,
      request: operation.title,
      answer: cause?.message ?? message,
      what: 'could not be examined',
    });
  }
}

async function checkSuccess({ call, maker }: CheckContext, result: Result, uses: readonly Use[]) {
  const { route } = result.operation;
  const succeeding = uses.filter(({ responses }) => Object.keys(responses).some((status) => status < '300'));
  if (succeeding.length === 0) return;
  const sample = await sampleOf(maker, result.operation);
  const path = pathOf(route, sample.params, sample.query);
  const answer = await call(route.method, path, callOptionsOf(sample));
  result.seen.push(answer.status);
  const note = (what: string) =>
    result.violations.push({ operation: result.operation.id, request: `${route.method} ${path}`, answer: describeResponse(answer), what });
  if (!Object.hasOwn(route.responses, answer.status)) return void note('a valid request failed');
  for (const { consumer, responses } of succeeding)
    for (const field of unreadable(route, answer, responses[answer.status])) note(`${consumer} reads ${field}`);
}

/** The fields that a consumer reads and that do not match the schema, each with the reason. */
function unreadable(route: Route, { status, body, text }: HttpResponse, used: UsedResponse | undefined): string[] {
  const declared = route.responses[status as keyof Route['responses']];
  if (!used || !declared || 'bytes' in declared) return [];
  if (declared !== eventStreamOf(route)) return problemsAt(declared as Schema, body, used.reads);
  return eventsIn(text).flatMap((event) => {
    const { type } = event as { type: string };
    return problemsAt((declared as EventStream).body, event, used.events[type] ?? []).map((problem) => `${type} ${problem}`);
  });
}

/** A problem counts if it is at a field that is read, or around it. */
function problemsAt(schema: Schema, value: unknown, reads: readonly string[]): string[] {
  const { error } = z.safeParse(schema, value);
  const problems = (error?.issues ?? []).flatMap(({ path, message }) => {
    const at = formatPath(path.map((step) => (typeof step === 'number' ? '[]' : String(step))));
    return reads.filter((read) => isWithin(read, at)).map((read) => `${read}: ${message}`);
  });
  return [...new Set(problems)];
}

const isWithin = (path: string, outer: string) =>
  outer === '' || path === outer || path.startsWith(`${outer}.`) || path.startsWith(`${outer}[`);

/** Sends a request that must fail, if a consumer receives that error. */
async function runUsedProbe({ call }: CheckContext, result: Result, uses: readonly Use[], probe: Probe) {
  const { status, reason, path, options, announces, after } = probe;
  const consumers = uses.filter(({ responses }) => reason !== undefined && responses[status]?.reasons.includes(reason));
  if (consumers.length === 0 || announces !== undefined) return;
  const { route, id } = result.operation;
  if (after) await call(route.method, after.path, after.options);
  const answer = await call(route.method, path, options);
  if (!result.seen.includes(answer.status)) result.seen.push(answer.status);
  if (answer.status === status && answer.body?.details?.reason === reason) return;
  const what = `${consumers.map(({ consumer }) => consumer).join(', ')} expects ${status} ${reason}`;
  result.violations.push({ operation: id, request: `${route.method} ${path}`, answer: describeResponse(answer), what });
}

export function consumerSummary(results: readonly Result[], manifests: readonly Manifest[]): string {
  const names = [...new Set(manifests.map(({ consumer }) => consumer))].join(', ');
  const unchecked = results.filter((result) => result.unchecked !== undefined).length;
  const violations = results.flatMap((result) => result.violations).length;
  return `${results.length} operations that ${names} use, ${unchecked} of them without a success, ${violations} violations`;
}
