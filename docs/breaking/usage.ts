import type { Manifest, UsedOperation, UsedResponse } from '../../client/recorder/manifest.ts';
import { expand, formatPath, parsePath, stepInto, variantsOf } from '../../client/recorder/schemaSteps.ts';
import type { Change } from './change.ts';
import { type ApiDocument, dereference, escapeStep, type Json, valueAt } from './document.ts';

/** The parts of a document that an operation of a consumer uses: each pointer with the paths of the fields that lead to it. */
type Visited = Map<string, Set<string>>;

/** A used operation in one of the two compared documents. */
type Located = {
  used: UsedOperation;
  document: ApiDocument;
  pointer: string;
  pathPointer: string;
  parameters: { pointer: string; name: string; place: string; visited: Visited }[];
  requestBody: { pointer: string; visited: Visited } | undefined;
  responses: { status: string; pointers: string[]; used: UsedResponse; visited: Visited }[];
};

/** The name of an operation in the document: `threads.create` is `threadsCreate`. */
const operationIdOf = (id: string) => id.replace(/\.(.)/, (_, letter: string) => letter.toUpperCase());

/** The operation in the document; undefined if it does not have it. */
export function locate(document: ApiDocument, id: string, used: UsedOperation): Located | undefined {
  for (const [path, item] of Object.entries(document.paths))
    for (const [method, operation] of Object.entries(item)) {
      if (operation?.operationId !== operationIdOf(id)) continue;
      const pathPointer = `#/paths/${escapeStep(path)}`;
      const pointer = `${pathPointer}/${method}`;
      return {
        ...{ used, document, pointer, pathPointer },
        parameters: (operation.parameters ?? []).map((_: Json, at: number) => parameterAt(document, `${pointer}/parameters/${at}`)),
        requestBody: operation.requestBody && bodyAt(document, `${pointer}/requestBody`, used.body),
        responses: Object.entries(used.responses).flatMap(([status, response]) => responseAt(document, pointer, status, response)),
      };
    }
  return undefined;
}

function parameterAt(document: ApiDocument, at: string): Located['parameters'][number] {
  const pointer = dereference(document, at);
  const { name, in: place } = valueAt(document, pointer);
  return { pointer, name, place, visited: visit(document, [`${pointer}/schema`], []) };
}

function bodyAt(document: ApiDocument, at: string, paths: readonly string[]): Located['requestBody'] {
  const pointer = dereference(document, at);
  return { pointer, visited: visit(document, schemasOf(document, pointer), paths) };
}

function responseAt(document: ApiDocument, operation: string, status: string, used: UsedResponse): Located['responses'] {
  const declared = [status, `${status[0]}XX`].find((each) => valueAt(document, `${operation}/responses`)?.[each] !== undefined);
  if (declared === undefined) return [];
  const at = `${operation}/responses/${declared}`;
  const pointer = dereference(document, at);
  const schemas = schemasOf(document, pointer);
  const visited = visit(document, schemas, Number(status) >= 400 ? problemFields : used.reads);
  for (const [type, paths] of Object.entries(used.events))
    for (const [place, fields] of visit(document, variantsOf(document, schemas, type), paths))
      for (const field of fields) addTo(visited, place, [type, field].filter(Boolean).join(' '));
  return [{ status, pointers: [at, pointer], used, visited }];
}

/** Errors have the same format everywhere. The recorder notes only their reasons. */
const problemFields = ['error', 'message', 'trace_id', 'details', 'details.reason', 'details.issues'];

const schemasOf = (document: ApiDocument, pointer: string) =>
  Object.keys(valueAt(document, `${pointer}/content`) ?? {}).map((type) => `${pointer}/content/${escapeStep(type)}/schema`);

function addTo(visited: Visited, pointer: string, field: string) {
  visited.set(pointer, (visited.get(pointer) ?? new Set()).add(field));
}

/** Walks all paths. The roots have the path ''. */
function visit(document: ApiDocument, roots: readonly string[], paths: readonly string[]): Visited {
  const visited: Visited = new Map();
  const note = (pointers: readonly string[], field: string) => {
    for (const start of pointers) for (const pointer of expand(document, start)) addTo(visited, pointer, field);
  };
  note(roots, '');
  for (const path of paths) {
    let at = roots;
    const steps = parsePath(path);
    for (const [depth, step] of steps.entries()) {
      at = stepInto(document, at, step);
      note(at, formatPath(steps.slice(0, depth + 1)));
    }
  }
  return visited;
}

/** What a change touches of a used operation, in words. Empty if the consumer does not notice it. */
export function touchedBy(change: Change, { base, revision }: { base: Located | undefined; revision: Located | undefined }): string[] {
  const inBase = base && change.base !== undefined ? touchedAt(change, change.base, base) : [];
  const inRevision = revision && change.revision !== undefined ? touchedAt(change, change.revision, revision) : [];
  return [...new Set([...inBase, ...inRevision])];
}

function touchedAt(change: Change, at: string, operation: Located): string[] {
  if (at === operation.pointer || at === operation.pathPointer || at.startsWith(`${operation.pointer}/security`)) return ['the operation'];
  return [...touchedParameters(change, at, operation), ...touchedBody(change, at, operation), ...touchedResponses(change, at, operation)];
}

/** A member of a union or an intersection is a part of the schema around it. */
const schemaAround = (at: string) => at.replace(/\/(?:anyOf|oneOf|allOf)(?:\/\d+)?$/, '');
const isWithin = (at: string, pointer: string) => at === pointer || at.startsWith(`${pointer}/`);

function touchedParameters({ rule }: Change, at: string, { parameters, used }: Located): string[] {
  return parameters
    .filter(({ pointer, visited }) => isWithin(at, pointer) || visited.has(schemaAround(at)))
    .filter(({ name, place }) => {
      const sent = place === 'path' || used.query.includes(name) || used.headers.includes(name.toLowerCase());
      return ['parameter-became-required', 'default-changed'].includes(rule) ? !sent : sent;
    })
    .map(({ name, place }) => `${place} ${name}`);
}

/** Rules about what the server sends. */
const responseRules = ['required-properties-removed', 'variant-removed', 'response-removed', 'response-header-removed', 'reason-removed'];

function touchedBody({ rule, names = [] }: Change, at: string, { requestBody, used }: Located): string[] {
  if (!requestBody || responseRules.includes(rule)) return [];
  const { pointer, visited } = requestBody;
  if (at === pointer) return rule !== 'request-body-became-required' || used.body.length === 0 ? ['the body'] : [];
  if (rule === 'default-changed') {
    const parent = visited.get(at.replace(/\/properties\/[^/]+$/, ''));
    return parent && !visited.has(at) ? [`body without ${at.split('/').at(-1)}`] : [];
  }
  const fields = visited.get(schemaAround(at));
  if (!fields) return [];
  if (rule !== 'required-properties-added') return [...fields].map((field) => `body ${field}`.trim());
  return [...fields].flatMap((field) =>
    names.map((name) => childOf(field, name)).flatMap((child) => (used.body.includes(child) ? [] : [`body without ${child}`])),
  );
}

const childOf = (field: string, name: string) => (field === '' ? name : `${field}.${name}`);

/** Rules about what the server accepts. */
const requestRules = ['required-properties-added', 'default-changed', 'additional-properties-refused', 'request-body-became-required'];

function touchedResponses({ rule, names = [] }: Change, at: string, { responses }: Located): string[] {
  if (requestRules.includes(rule)) return [];
  return responses.flatMap(({ status, pointers, used, visited }) => {
    if (rule === 'reason-removed')
      return pointers.includes(at) ? names.filter((name) => used.reasons.includes(name)).map((name) => `${status} ${name}`) : [];
    const schema = schemaAround(at);
    const fields = visited.get(schema);
    if (rule === 'variant-removed') return fields ? names.filter((name) => used.events[name]).map((name) => `${status} ${name}`) : [];
    if (rule === 'required-properties-removed')
      return [...(fields ?? [])]
        .flatMap((field) => names.map((name) => childOf(field, name)).filter((child) => isRead(used, child)))
        .map((child) => `${status} ${child}`);
    if (fields) return [...fields].map((field) => `${status} ${field}`.trim());
    const isPart = pointers.some((pointer) => at === pointer || (isWithin(at, pointer) && /\/(?:headers\/[^/]+|content\/[^/]+)$/.test(at)));
    return isPart ? [`${status} ${rule.includes('header') ? at.split('/').at(-1) : ''}`.trim()] : [];
  });
}

/** The fields of events have the type before the path. */
const isRead = ({ reads, events }: UsedResponse, child: string) => {
  const [type = '', path] = child.split(' ');
  return path === undefined
    ? reads.includes(child) || Object.values(events).some((each) => each.includes(child))
    : (events[type] ?? []).includes(path);
};

/** The operations that no manifest has, and the fields of successful responses of the others that no manifest reads. */
export function unusedParts(document: ApiDocument, manifests: readonly Manifest[]) {
  const operations: string[] = [];
  const fields: string[] = [];
  for (const [path, item] of Object.entries(document.paths))
    for (const [method, operation] of Object.entries(item)) {
      const uses = manifests.flatMap(({ operations: all }) =>
        Object.entries(all).flatMap(([id, used]) => (operationIdOf(id) === operation.operationId ? [used] : [])),
      );
      if (uses.length === 0) operations.push(operation.operationId);
      const statuses = new Set(uses.flatMap(({ responses }) => Object.keys(responses)).filter((status) => status < '300'));
      for (const status of statuses) {
        const pointer = `#/paths/${escapeStep(path)}/${method}/responses/${status}`;
        const read = new Set(uses.flatMap(({ responses }) => responses[status]?.reads ?? []));
        const names = fieldsOf(
          document,
          schemasOf(document, dereference(document, pointer)).filter((each) => each.includes('json')),
        );
        fields.push(...names.filter((name) => !read.has(name)).map((name) => `${operation.operationId} ${status} ${name}`));
      }
    }
  return { operations, fields };
}

/** All fields of a schema that have a name, without those below a recursion. */
function fieldsOf(
  document: ApiDocument,
  roots: readonly string[],
  prefix: readonly string[] = [],
  above: readonly string[] = [],
): string[] {
  const here = roots.flatMap((root) => expand(document, root)).filter((pointer) => !above.includes(pointer));
  const steps = new Set(
    here.flatMap((pointer) => {
      const { properties = {}, items } = valueAt(document, pointer);
      return [...Object.keys(properties), ...(items ? ['[]'] : [])];
    }),
  );
  return [...steps].flatMap((step) => {
    const path = [...prefix, step];
    const inner = fieldsOf(document, stepInto(document, here, step), path, [...above, ...here]);
    return step === '[]' ? inner : [formatPath(path), ...inner];
  });
}
