import type { OpenAPIObject } from 'openapi3-ts/oas31';

type Json = { readonly [key: string]: unknown };

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
const isDescribed = ({ description }: Json) => typeof description === 'string' && description.trim() !== '';
const entriesOf = (value: unknown) =>
  Object.entries(isObject(value) ? value : {}).filter((entry): entry is [string, Json] => isObject(entry[1]));
const listOf = (value: unknown) => (Array.isArray(value) ? value.filter(isObject) : []);

/**
 * Names the tags, operations, parameters, headers, schemas and properties of a document that have no description of their own. The
 * description of a referenced schema says what its values are, not what they mean in a property or parameter.
 */
export function undescribedParts(document: OpenAPIObject): string[] {
  const {
    tags = [],
    paths,
    webhooks,
    components = {},
  } = JSON.parse(JSON.stringify(document)) as Record<string, Json | undefined> & { tags?: Json[] };
  const missing: string[] = [];
  const check = (part: Json, name: string) => {
    if (!isDescribed(part)) missing.push(name);
  };

  /** A schema and everything inline in it. */
  const visitSchema = (schema: unknown, name: string): void => {
    if (!isObject(schema)) return;
    for (const [property, value] of entriesOf(schema.properties)) {
      check(value, `${name}.${property}`);
      visitSchema(value, `${name}.${property}`);
    }
    for (const key of ['items', 'additionalProperties', 'contentSchema']) visitSchema(schema[key], `${name}[]`);
    for (const key of ['allOf', 'anyOf', 'oneOf']) for (const part of listOf(schema[key])) visitSchema(part, name);
  };
  const visitContent = (content: unknown, name: string) => {
    for (const [, media] of entriesOf(content)) visitSchema(media.schema, name);
  };
  const visitOperation = (operation: Json, name: string) => {
    check(operation, name);
    for (const parameter of listOf(operation.parameters).filter((each) => !('$ref' in each))) {
      check(parameter, `${name}: ${String(parameter.in)} parameter ${String(parameter.name)}`);
      visitSchema(parameter.schema, `${name}: ${String(parameter.name)}`);
    }
    visitContent(isObject(operation.requestBody) ? operation.requestBody.content : undefined, `${name}: body`);
    for (const [status, response] of entriesOf(operation.responses)) visitContent(response.content, `${name}: ${status}`);
  };

  for (const tag of listOf(tags)) check(tag, `tag ${String(tag.name)}`);
  for (const [, item] of [...entriesOf(paths), ...entriesOf(webhooks)])
    for (const [, operation] of entriesOf(item)) visitOperation(operation, String(operation.operationId));
  for (const kind of ['parameters', 'headers', 'responses', 'securitySchemes'])
    for (const [name, part] of entriesOf(components[kind])) {
      check(part, `components.${kind}.${name}`);
      visitSchema(part.schema, name);
      visitContent(part.content, name);
    }
  for (const [name, schema] of entriesOf(components.schemas)) {
    check(schema, name);
    visitSchema(schema, name);
  }
  return missing;
}
