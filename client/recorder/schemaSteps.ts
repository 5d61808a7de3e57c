// Walks through JSON Schemas: those of an OpenAPI document, or those that zod writes.

// oxlint-disable-next-line typescript/no-explicit-any -- any part of a document
type Json = any;

const escape = (step: string) => step.replaceAll('~', '~0').replaceAll('/', '~1');
const valueAt = (document: Json, pointer: string): Json =>
  pointer
    .replace(/^#\/?/, '')
    .split('/')
    .filter(Boolean)
    .reduce((value, step) => value?.[step.replaceAll('~1', '/').replaceAll('~0', '~')], document);

/** The schema at a pointer with everything that applies in its place: its reference, and the members of its unions and intersections. */
export function expand(document: Json, pointer: string, seen = new Set<string>()): string[] {
  if (seen.has(pointer)) return [];
  seen.add(pointer);
  const schema = valueAt(document, pointer);
  if (typeof schema !== 'object' || schema === null) return [];
  const inner = ['anyOf', 'oneOf', 'allOf'].flatMap((keyword) =>
    (Array.isArray(schema[keyword]) ? schema[keyword] : []).map((_: unknown, at: number) => `${pointer}/${keyword}/${at}`),
  );
  const next = typeof schema.$ref === 'string' ? [schema.$ref, ...inner] : inner;
  return [pointer, ...next.flatMap((each) => expand(document, each, seen))];
}

/** The schemas of a field. The step is a name, `[]` for the elements of an array, or `*` for the values of a map. */
export function stepInto(document: Json, pointers: readonly string[], step: string): string[] {
  return pointers.flatMap((start) =>
    expand(document, start).flatMap((pointer) => {
      const { items, additionalProperties, properties } = valueAt(document, pointer);
      if (step === '[]') return items ? [`${pointer}/items`] : [];
      if (step === '*') return typeof additionalProperties === 'object' ? [`${pointer}/additionalProperties`] : [];
      return Object.hasOwn(properties ?? {}, step) ? [`${pointer}/properties/${escape(step)}`] : [];
    }),
  );
}

/** The names of the fields of an object, and `*` if it is a map. */
export const stepsFrom = (document: Json, pointers: readonly string[]): string[] =>
  pointers.flatMap((start) =>
    expand(document, start).flatMap((pointer) => {
      const { additionalProperties, properties } = valueAt(document, pointer);
      return [...Object.keys(properties ?? {}), ...(typeof additionalProperties === 'object' ? ['*'] : [])];
    }),
  );

/** The members of a union whose `type` has the value. */
export const variantsOf = (document: Json, pointers: readonly string[], type: string): string[] =>
  pointers.flatMap((start) =>
    expand(document, start).filter((pointer) => {
      const { const: only, enum: values = [] } = valueAt(document, pointer).properties?.type ?? {};
      return only === type || values.includes(type);
    }),
  );

/** `['items', '[]', 'id']` as `items[].id`. */
export const formatPath = (path: readonly string[]) => path.join('.').replaceAll('.[]', '[]');
export const parsePath = (path: string) => path.replaceAll('[]', '.[]').split('.').filter(Boolean);
