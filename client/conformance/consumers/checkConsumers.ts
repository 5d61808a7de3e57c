import { z } from 'zod';
import { type EventStream, eventStreamOf, jsonOrStreamOf, type Route, type Schema } from '../../../contract/shared/route.ts';
import type { Manifest, UsedResponse } from '../../recorder/manifest.ts';
import { formatPath } from '../../recorder/schemaSteps.ts';
import type { HttpResponse } from '../call.ts';
import { eventsIn } from '../check.ts';
import type { Check } from '../checkOperations.ts';
import { type CheckContext, note, type Result } from '../exchange.ts';
import { type Operation, operations } from '../operations.ts';
import { KitError } from '../people.ts';
import { type Probe, probesOf, probesWithoutSample } from '../probes.ts';
import { callOptionsOf, pathOf } from '../sample.ts';
import { UncheckedReason } from '../samples/fixtures.ts';
import { sampleOf } from '../samples/sampleOf.ts';

type Use = { consumer: string; responses: Record<string, UsedResponse> };

/** Those of the operations that consumers use. Throws a KitError if there are none, or if the contract does not have one that they use. */
export function usedOperations(chosen: readonly Operation[], manifests: readonly Manifest[]): Operation[] {
  const ids = [...new Set(manifests.flatMap((manifest) => Object.keys(manifest.operations)))].sort();
  const unknown = ids.filter((id) => !operations.some((operation) => operation.id === id));
  if (unknown.length > 0) throw new KitError(`the contract has no operation ${unknown.join(', ')}, which a manifest names`);
  const used = chosen.filter(({ id }) => ids.includes(id));
  if (used.length === 0) throw new KitError(`none of these operations is used by ${consumersOf(manifests)}`);
  return used;
}

/**
 * Checks only what consumers use: one valid request, whose response must have the fields that they read, and the errors that they receive, where
 * a request can provoke them.
 */
export const checkUses =
  (manifests: readonly Manifest[]): Check =>
  async (kit, result) => {
    const { operation } = result;
    const uses = manifests.flatMap(({ consumer, operations: all }): Use[] => {
      const used = all[operation.id];
      return used ? [{ consumer, responses: used.responses }] : [];
    });
    try {
      const sample = await sampleOf(kit.maker, operation);
      for (const probe of probesOf(operation, sample, { key: kit.key })) await runUsedProbe(kit, result, uses, probe);
      await checkSuccess(kit, result, uses);
    } catch (error) {
      if (!(error instanceof UncheckedReason)) throw error;
      result.unchecked = error.message;
      for (const probe of probesWithoutSample(operation)) await runUsedProbe(kit, result, uses, probe);
    }
  };

async function checkSuccess({ call, maker }: CheckContext, result: Result, uses: readonly Use[]) {
  const { route } = result.operation;
  const succeeding = uses.filter(({ responses }) => Object.keys(responses).some((status) => status < '300'));
  if (succeeding.length === 0) return;
  const sample = await sampleOf(maker, result.operation);
  const path = pathOf(route, sample.params, sample.query);
  const answer = await call(route.method, path, callOptionsOf(sample));
  result.seen.push(answer.status);
  if (!Object.hasOwn(route.responses, answer.status)) return note(result, 'request.valid', path, answer, 'a valid request failed');
  for (const { consumer, responses } of succeeding)
    for (const field of unreadable(route, answer, responses[answer.status]))
      note(result, 'consumer.reads', path, answer, `${consumer} reads ${field}`);
}

/** The fields that a consumer reads and that do not match the schema, each with the reason. */
function unreadable(route: Route, { status, body, text }: HttpResponse, used: UsedResponse | undefined): string[] {
  const declared = route.responses[status as keyof Route['responses']];
  if (!used || !declared || 'bytes' in declared) return [];
  const either = jsonOrStreamOf(route);
  if (either) return problemsAt(either.body, body, used.reads);
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
  const { route } = result.operation;
  if (after) await call(route.method, after.path, after.options);
  const answer = await call(route.method, path, options);
  if (!result.seen.includes(answer.status)) result.seen.push(answer.status);
  if (answer.status === status && answer.body?.details?.reason === reason) return;
  const names = consumers.map(({ consumer }) => consumer).join(', ');
  note(result, 'consumer.errors', path, answer, `${names} expects ${status} ${reason}`);
}

/** The consumers of manifests, for the summary. */
export const consumersOf = (manifests: readonly Manifest[]): string => [...new Set(manifests.map(({ consumer }) => consumer))].join(', ');
