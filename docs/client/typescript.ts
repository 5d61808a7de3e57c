import type { ReferenceObject, SchemaObject } from 'openapi3-ts/oas31';
import { deprecationIn, describeDeprecation } from '../../contract/deprecation.ts';

type Json = SchemaObject | ReferenceObject;

const scalars: Record<string, string> = { string: 'string', number: 'number', integer: 'number', boolean: 'boolean', null: 'null' };

/** Prints a JSON Schema as a TypeScript type. Named schemas stay names, which keeps declarations small and hovers readable. */
export function printType(schema: Json): string {
  if ('$ref' in schema && schema.$ref) return schema.$ref.split('/').at(-1)!;
  const { type, const: only, enum: values, anyOf, oneOf, allOf, items, format } = schema as SchemaObject & { const?: unknown };
  if (only !== undefined) return JSON.stringify(only);
  if (values) return values.map((value: unknown) => JSON.stringify(value)).join(' | ');
  const options = anyOf ?? oneOf;
  if (options) return [...new Set(options.map(printType))].join(' | ');
  if (allOf && !type) return allOf.map((part) => grouped(printType(part))).join(' & ');
  if (Array.isArray(type)) return type.map((one) => printType({ ...schema, type: one } as SchemaObject)).join(' | ');
  if (type === 'string' && format === 'binary') return 'File';
  if (type === 'array') return `${grouped(printType(items ?? {}))}[]`;
  if (type === 'object') return printObject(schema as SchemaObject);
  return scalars[type ?? ''] ?? 'unknown';
}

/** Prints a named schema as a declaration, with its descriptions as doc comments. */
export function printModel(name: string, schema: SchemaObject): string {
  const comment = schema.description ? `${docComment(schema.description)}\n` : '';
  if (schema.type !== 'object' || !schema.properties || isFieldless(schema)) return `${comment}export type ${name} = ${printType(schema)};`;
  const lines = propertiesOf(schema).map(({ text, comment }) => `${comment ? `${docComment(comment, '  ')}\n` : ''}  ${text}`);
  return `${comment}export interface ${name} {\n${lines.join('\n')}\n}`;
}

export const docComment = (text: string, indent = '') =>
  text.includes('\n')
    ? `${indent}/**\n${text
        .split('\n')
        .map((line) => `${indent} * ${line}`.trimEnd())
        .join('\n')}\n${indent} */`
    : `${indent}/** ${text} */`;

export const printProperty = (name: string, optional: boolean, type: string) =>
  `${/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name)}${optional ? '?' : ''}: ${type}${optional ? ' | undefined' : ''};`;

function printObject(schema: SchemaObject): string {
  const { properties, additionalProperties } = schema;
  if (isFieldless(schema)) return 'Record<string, never>';
  if (properties)
    return `{ ${propertiesOf(schema)
      .map(({ tag, text }) => `${tag}${text}`)
      .join(' ')} }`;
  return `Record<string, ${typeof additionalProperties === 'object' ? printType(additionalProperties) : 'unknown'}>`;
}

/** An object without properties. An interface without members would accept any object. */
const isFieldless = ({ properties, additionalProperties }: SchemaObject) =>
  additionalProperties === false && Object.keys(properties ?? {}).length === 0;

function propertiesOf({
  properties = {},
  required = [],
  additionalProperties,
}: SchemaObject): { text: string; comment: string; tag: string }[] {
  const named = Object.entries(properties).map(([name, value]) => ({
    text: printProperty(name, !required.includes(name), printType(value)),
    comment: [value.description, deprecationLine(value)].filter(Boolean).join('\n\n'),
    tag: deprecationTag(value),
  }));
  return typeof additionalProperties === 'object'
    ? [...named, { text: `[name: string]: ${printType(additionalProperties)};`, comment: '', tag: '' }]
    : named;
}

function deprecationLine(schema: Json): string | undefined {
  const deprecation = deprecationIn(schema);
  return deprecation && `@deprecated ${describeDeprecation(deprecation)}`;
}

/** A comment before a property that is printed within a line. */
export function deprecationTag(schema: Json): string {
  const line = deprecationLine(schema);
  return line === undefined ? '' : `/** ${line} */ `;
}

const grouped = (type: string) => (/ [|&] /.test(type) && !/^\{.*\}$/.test(type) ? `(${type})` : type);
