import type { ResponseBody, Route, Schema } from '../../contract/shared/route.ts';
import type { Manifest, UsedOperation, UsedResponse } from './manifest.ts';
import type { Notes, OperationNotes, ResponseNotes } from './notes.ts';
import { everyField } from './observe.ts';
import { formatPath, stepInto, stepsFrom, variantsOf } from './schemaSteps.ts';

/** The headers of requests that are part of the contract. Credentials and those of HTTP are not recorded. */
const recordedHeaders = ['idempotency-key', 'if-none-match', 'last-event-id', 'x-account-id', 'x-bootstrap-secret'];

type Contract = Readonly<Record<string, Readonly<Record<string, Route>>>>;
type ToDocument = (schema: Schema, io: 'input' | 'output') => object;

/** Several manifests are often made from the same schemas, one for each page of an application. */
const documents = { input: new WeakMap<Schema, object>(), output: new WeakMap<Schema, object>() };

/** Keeps the names that the contract declares, and replaces the keys of maps, which are data, by `*`. */
export async function foldNotes(consumer: string, notes: Notes): Promise<Manifest> {
  // The contract and zod are loaded only here, so that recording does not need them.
  const [contract, { z }] = await Promise.all([import('../../contract/index.ts') as Promise<unknown> as Promise<Contract>, import('zod')]);
  const toDocument: ToDocument = (schema, io) => {
    const known = documents[io].get(schema) ?? z.toJSONSchema(schema, { io, unrepresentable: 'any' });
    documents[io].set(schema, known);
    return known;
  };
  const operations = Object.entries(notes.operations).map(([id, used]): [string, UsedOperation] => {
    const [area = '', verb = ''] = id.split('.');
    return [id, foldOperation(contract[area]![verb]!, used, toDocument)];
  });
  return { format: 1, consumer, operations: sortedRecord(operations), unknown: sorted(notes.unknown) };
}

function foldOperation(route: Route, used: OperationNotes, toDocument: ToDocument): UsedOperation {
  const declared = Object.keys((route.query as { shape?: object } | undefined)?.shape ?? {});
  return {
    query: sorted(used.query.filter((name) => declared.includes(name))),
    headers: sorted(used.headers.filter((name) => recordedHeaders.includes(name))),
    body: route.body ? foldPaths(toDocument(route.body, 'input'), ['#'], used.body) : [],
    responses: sortedRecord(
      Object.entries(used.responses).map(([status, response]) => [
        status,
        foldResponse(route.responses[Number(status) as keyof Route['responses']], response, toDocument),
      ]),
    ),
  };
}

function foldResponse(body: ResponseBody | undefined, used: ResponseNotes, toDocument: ToDocument): UsedResponse {
  const reasons = sorted(used.reasons.filter((reason) => /^[a-z_]{1,64}$/.test(reason)));
  if (!body || 'bytes' in body) return { reads: [], reasons, events: {} };
  const document = toDocument('last' in body || 'chunk' in body ? body.body : body, 'output');
  const events = Object.entries(used.events).flatMap(([type, paths]): [string, string[]][] => {
    const variants = variantsOf(document, ['#'], type);
    return variants.length > 0 ? [[type, foldPaths(document, variants, paths)]] : [];
  });
  return { reads: foldPaths(document, ['#'], used.reads), reasons, events: sortedRecord(events) };
}

const foldPaths = (document: object, roots: readonly string[], paths: readonly (readonly string[])[]) =>
  sorted(paths.flatMap((path) => foldPath(document, roots, path)));

/** The path in names of the schema. Empty if the schema does not declare it: it may be a value. Several if all fields of an object were read. */
function foldPath(document: object, roots: readonly string[], path: readonly string[]): string[] {
  let at = roots;
  const folded: string[] = [];
  for (const step of path) {
    if (step === everyField) return stepsFrom(document, at).map((name) => formatPath([...folded, name]));
    const named = stepInto(document, at, step);
    const next = named.length > 0 ? named : stepInto(document, at, '*');
    if (next.length === 0) return [];
    folded.push(named.length > 0 ? step : '*');
    at = next;
  }
  return [formatPath(folded)];
}

const sorted = (names: readonly string[]) => [...new Set(names)].sort();
const sortedRecord = <T>(entries: readonly (readonly [string, T])[]): Record<string, T> =>
  Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
