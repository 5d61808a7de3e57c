import { isDeepStrictEqual } from 'node:util';
import type { ReferenceObject, SchemaObject } from 'openapi3-ts/oas31';

type Json = SchemaObject | ReferenceObject;

/**
 * Gives a name to every part of a named schema for which a generator would have to invent one: an object, an enumeration, and
 * a union of more than a value and null. The name consists of the name of the schema and the path of the part: `RunStartedEventData`.
 */
export function nameParts(owner: string, schema: SchemaObject, add: (name: string, part: SchemaObject) => void): SchemaObject {
  const visit = (part: Json, name: string): Json => {
    if (!needsName(part)) return descend(part, name);
    const { default: preset, ...rest } = part as SchemaObject;
    const { description } = rest;
    add(name, descend(rest, name));
    return {
      $ref: `#/components/schemas/${name}`,
      ...(preset !== undefined && { default: preset }),
      ...(description !== undefined && { description }),
    };
  };
  const descend = (part: Json, name: string): SchemaObject => {
    if ('$ref' in part) return part as SchemaObject;
    const { properties, items, additionalProperties, anyOf, oneOf } = part as SchemaObject;
    const choose = (options: Json[]) => options.map((option, at) => visit(option, options.length > 2 ? `${name}${at + 1}` : name));
    return simplified({
      ...part,
      ...(properties && {
        properties: Object.fromEntries(Object.entries(properties).map(([key, each]) => [key, visit(each, name + pascal(key))])),
      }),
      ...(items && { items: visit(items, singular(name)) }),
      ...(typeof additionalProperties === 'object' && { additionalProperties: visit(additionalProperties, `${name}Value`) }),
      ...(anyOf && { anyOf: choose(anyOf) }),
      ...(oneOf && { oneOf: choose(oneOf) }),
    });
  };
  return descend(schema, owner);
}

/** Whether a generator must invent a name for an inline schema. */
export function needsName(part: Json): boolean {
  if ('$ref' in part) return false;
  const { type, enum: values, anyOf, oneOf } = part as SchemaObject;
  const options = anyOf ?? oneOf;
  if (options) return options.filter((option) => (option as SchemaObject).type !== 'null').length > 1;
  return values !== undefined || [type].flat().includes('object');
}

/**
 * Writes `anyOf: [{ type: string }, { type: null }]` as `type: [string, null]`, any other list of types as `anyOf`, because oapi-codegen does not know it,
 * and omits the type of property names, which is always string.
 */
export function simplified({ propertyNames, ...schema }: SchemaObject): SchemaObject {
  const kept = propertyNames && !isDeepStrictEqual(propertyNames, { type: 'string' }) ? { ...schema, propertyNames } : schema;
  const { anyOf, description, type, ...beside } = kept;
  if (Array.isArray(type) && type.length > 1 && !type.includes('null'))
    return { anyOf: type.map((each) => ({ type: each })), ...beside, ...(description !== undefined && { description }) };
  if (anyOf?.length !== 2) return kept;
  const [value, none] = anyOf as [SchemaObject, SchemaObject];
  if (none.type !== 'null' || typeof value.type !== 'string' || needsName(value) || 'const' in value) return kept;
  // The description comes last, as in every schema.
  return { ...value, type: [value.type, 'null'], ...beside, ...(description !== undefined && { description }) };
}

export const pascal = (name: string) => name.replaceAll(/(?:^|[_.-])(\w)/g, (_, letter: string) => letter.toUpperCase());

const singular = (name: string) => name.replace(/([^s])s$/, '$1');
