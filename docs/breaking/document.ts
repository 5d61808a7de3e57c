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

/** Formats that say what zod's patterns for them repeat. */
const standardFormats: readonly string[] = ['uuid', 'date-time', 'ipv4', 'ipv6'];

/** A pattern without the escape of `/`, and without the beginning that lets it match anywhere in a text. */
const plainPattern = (pattern: string): string =>
  pattern
    .replaceAll('\\/', '/')
    .replace(/^\^\[\\s\\S\]\*\(\?:(.*)\)$/s, '$1')
    .replace(/^\^\\s\*\\S$/, '\\S');

const isOnlyType = (part: Json) => typeof part?.type === 'string' && Object.keys(part).length === 1;

/**
 * The document in the form in which it is compared, so that other keywords for the same are no change: `anyOf` of types, or of a plain schema and null, becomes a list
 * of types, the pattern of a standard format and the type of property names are left out, a constant that is an integer has this type, and patterns are in their oldest form (`plainPattern`). References are replaced where the comparison does
 * not follow them: with a default beside them, in such an `anyOf`, and for parameters, which `nameParameter` changes.
 */
function normalize(document: Json): Json {
  const resolve = (value: Json): Json => (typeof value?.$ref === 'string' ? valueAt(document, dereference(document, value.$ref)) : value);
  const visit = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(visit);
    if (typeof value !== 'object' || value === null) return value;
    if ('$ref' in value && 'default' in value) {
      const { $ref: _, ...beside } = value;
      return visit({ ...resolve(value), ...beside });
    }
    if ('$ref' in value && 'pattern' in value && standardFormats.includes(resolve(value).format)) {
      const { pattern: _, ...rest } = value;
      return visit(rest);
    }
    const entries = Object.entries(value).map(([key, each]) => [key, key.startsWith('example') ? each : visit(each)]);
    const { anyOf, ...outer }: Json = Object.fromEntries(entries);
    if (standardFormats.includes(outer.format)) delete outer.pattern;
    if (outer.type === 'number' && Number.isInteger(outer.const)) outer.type = 'integer';
    if (typeof outer.pattern === 'string') outer.pattern = plainPattern(outer.pattern);
    if (outer.propertyNames?.type === 'string' && Object.keys(outer.propertyNames).length === 1) delete outer.propertyNames;
    if (Array.isArray(outer.parameters)) outer.parameters = outer.parameters.map(nameParameter);
    if (!Array.isArray(anyOf)) return outer;
    if (anyOf.every(isOnlyType)) return { ...outer, type: anyOf.map(({ type }) => type) };
    const schema = anyOf.length === 2 && anyOf[1]?.type === 'null' ? resolve(anyOf[0]) : undefined;
    if (typeof schema?.type !== 'string') return { ...outer, anyOf };
    const { description: _, ...plain } = visit(schema);
    if (plain.enum !== undefined || plain.const !== undefined) return { ...outer, anyOf: [plain, anyOf[1]] };
    return { ...plain, ...outer, type: [plain.type, 'null'] };
  };
  /** Redocly pairs parameters by similarity: with a new description, one would be another parameter. So the name takes its place. */
  const nameParameter = (parameter: Json): Json => {
    const { example: _, examples: __, ...named } = visit(resolve(parameter));
    return named.name === undefined ? named : { ...named, description: `${named.in} ${named.name} `.repeat(20) };
  };
  return visit(document);
}
