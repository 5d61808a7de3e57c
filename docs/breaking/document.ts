import { readFileSync } from 'node:fs';

// oxlint-disable-next-line typescript/no-explicit-any -- any part of an OpenAPI document
export type Json = any;

/** An OpenAPI document. */
export type ApiDocument = { info: { version: string }; paths: Record<string, Record<string, Json>>; [part: string]: Json };

/** Reads a document for a comparison. */
export const readDocument = (file: string) => normalize(JSON.parse(readFileSync(file, 'utf8'))) as ApiDocument;

export const escapeStep = (step: string) => step.replaceAll('~', '~0').replaceAll('/', '~1');
const unescapeStep = (step: string) => step.replaceAll('~1', '/').replaceAll('~0', '~');

/** The steps of a JSON Pointer. */
const stepsOf = (pointer: string) =>
  pointer
    .replace(/^#\/?/, '')
    .split('/')
    .filter((step) => step !== '')
    .map(unescapeStep);

export const valueAt = (document: Json, pointer: string): Json => stepsOf(pointer).reduce((value, step) => value?.[step], document);

/**
 * The pointer behind the references at `pointer`. Everything that walks a document goes through this function, so a part that moves into
 * `components` stays the same part.
 */
export function dereference(document: Json, pointer: string): string {
  const reference = valueAt(document, pointer)?.$ref;
  return typeof reference === 'string' && reference !== pointer ? dereference(document, reference) : pointer;
}

/** The names of the schemas in `components` that requests or responses use, directly or through other schemas. */
export function schemasUsedIn(document: ApiDocument, part: 'request' | 'response'): Set<string> {
  const names = new Set<string>();
  const collect = (value: Json) => {
    if (typeof value !== 'object' || value === null) return;
    for (const inner of Object.values(value)) collect(inner);
    const [, name] = /^#\/components\/\w+\/(.+)$/.exec(typeof value.$ref === 'string' ? value.$ref : '') ?? [];
    if (name === undefined || names.has(name)) return;
    names.add(name);
    collect(valueAt(document, value.$ref));
  };
  for (const item of Object.values(document.paths))
    for (const operation of Object.values(item))
      collect(part === 'request' ? [operation.parameters, operation.requestBody] : operation.responses);
  return names;
}

/**
 * The document in the form in which it is compared: `anyOf` of a plain schema and null becomes a list of types. The two mean the same, but are
 * different keywords for a comparison. References need no replacement here, because the comparison follows them.
 */
function normalize(value: Json): Json {
  if (Array.isArray(value)) return value.map(normalize);
  if (typeof value !== 'object' || value === null) return value;
  const inner: Json = Object.fromEntries(Object.entries(value).map(([key, each]) => [key, key === 'example' ? each : normalize(each)]));
  const { anyOf, ...outer } = inner;
  if (!Array.isArray(anyOf) || anyOf.length !== 2 || anyOf[1]?.type !== 'null') return inner;
  const [schema] = anyOf;
  const isPlain = typeof schema?.type === 'string' && schema.enum === undefined && schema.const === undefined;
  return isPlain ? { ...outer, ...schema, type: [schema.type, 'null'] } : inner;
}
