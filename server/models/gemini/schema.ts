import { asObject, type Json } from '../wire/json.ts';

/** The keywords of JSON Schema that the Gemini API documents. It ignores or rejects others, depending on the model. */
const keywords = new Set([
  ...['$id', '$defs', '$ref', '$anchor', 'type', 'format', 'title', 'description', 'enum', 'items', 'prefixItems', 'minItems', 'maxItems'],
  ...['minimum', 'maximum', 'anyOf', 'properties', 'additionalProperties', 'required'],
]);

/** Formats of strings that all models accept. */
const formats = new Set(['date-time', 'date', 'time', 'enum']);

/** Depth beyond which a schema is cut: no value of a call is nested deeper than that. */
const maxDepth = 32;

/**
 * Reduces a JSON Schema to what Gemini supports. The arguments of a call are validated against the whole schema afterwards, so a dropped
 * limit costs the model at most a second call.
 */
export const geminiSchema = (schema: Json): Json => reduce(schema, 0);

function reduce(schema: Json, depth: number): Json {
  if (depth > maxDepth) return {};
  const { const: only, oneOf, allOf, exclusiveMinimum, exclusiveMaximum, definitions, ...rest } = schema;
  // Beside a reference, the API accepts only keywords that start with $.
  if (typeof rest.$ref === 'string') return { $ref: rest.$ref.replace('#/definitions/', '#/$defs/') };
  const whole = {
    ...rest,
    ...(oneOf !== undefined && rest.anyOf === undefined && { anyOf: oneOf }),
    ...(definitions !== undefined && rest.$defs === undefined && { $defs: definitions }),
    ...(only !== undefined && { enum: [only] }),
    ...boundOf('minimum', rest, exclusiveMinimum, 1),
    ...boundOf('maximum', rest, exclusiveMaximum, -1),
  };
  const merged = Array.isArray(allOf) ? mergeAll(whole, allOf) : whole;
  return Object.fromEntries(
    Object.entries(merged)
      .filter(([name, value]) => keywords.has(name) && isSupported(name, value))
      .map(([name, value]) => [name, reduceValue(name, value, depth + 1)]),
  );
}

/** An exclusive bound of integers becomes an inclusive one. Of other numbers it is dropped. */
function boundOf(name: 'minimum' | 'maximum', { type, [name]: given }: Json, exclusive: unknown, step: 1 | -1): Json {
  return typeof exclusive === 'number' && type === 'integer' && given === undefined ? { [name]: exclusive + step } : {};
}

/** Objects of an `allOf` are merged as far as they do not contradict each other. */
function mergeAll(base: Json, parts: unknown[]): Json {
  const merged = { ...base };
  for (const part of parts.map(asObject)) {
    if (part.properties) merged.properties = { ...asObject(merged.properties), ...asObject(part.properties) };
    if (Array.isArray(part.required))
      merged.required = [...new Set([...(Array.isArray(merged.required) ? merged.required : []), ...part.required])];
    for (const [name, value] of Object.entries(part)) if (keywords.has(name) && !Object.hasOwn(merged, name)) merged[name] = value;
  }
  return merged;
}

/** Enumerations may only contain texts and numbers. */
function isSupported(name: string, value: unknown): boolean {
  if (name === 'format') return typeof value === 'string' && formats.has(value);
  if (name === 'enum') return Array.isArray(value) && value.every((each) => typeof each === 'string' || typeof each === 'number');
  return true;
}

function reduceValue(name: string, value: unknown, depth: number): unknown {
  const nested = (each: unknown) => (typeof each === 'boolean' ? each : reduce(asObject(each), depth));
  if (name === 'properties' || name === '$defs')
    return Object.fromEntries(Object.entries(asObject(value)).map(([key, each]) => [key, nested(each)]));
  if (name === 'anyOf' || name === 'prefixItems') return Array.isArray(value) ? value.map(nested) : [];
  if (name === 'items' || name === 'additionalProperties') return nested(value);
  return value;
}
