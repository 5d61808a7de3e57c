import { escapeHtml } from '../pages/html.ts';
import { renderInline } from '../pages/markdown.ts';
import type { Schema } from './document.ts';

type Resolve = (schema: Schema) => Schema;

const nameOf = ({ $ref }: Schema) => $ref?.split('/').at(-1);

/** The schemas on the way to this one, so that a schema that contains itself ends. */
type Way = readonly string[];

/** A follow-up of `$ref` that keeps the description beside it. */
function follow(schema: Schema, resolve: Resolve): Schema {
  if (schema.$ref === undefined) return schema;
  const target = resolve(schema);
  return schema.description === undefined ? target : { ...target, description: schema.description };
}

/** The options of a union without `null`, and whether `null` is one of them. */
function optionsOf(schema: Schema): { options: readonly Schema[]; isNullable: boolean } {
  const all = schema.anyOf ?? schema.oneOf ?? [];
  return { options: all.filter(({ type }) => type !== 'null'), isNullable: all.some(({ type }) => type === 'null') };
}

/** The type in a few words: `string`, `array of Thread`, `integer or null`. */
export function typeLabel(given: Schema, resolve: Resolve): string {
  const schema = resolve(given);
  const { options, isNullable } = optionsOf(schema);
  if (options.length > 0) {
    const labels = [...new Set(options.map((option) => typeLabel(option, resolve)))];
    const shown = labels.length > 3 ? ['one of several'] : labels;
    return [...shown, ...(isNullable ? ['null'] : [])].join(' or ');
  }
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  const types = [schema.type ?? (schema.properties ? 'object' : 'any')].flat();
  return types
    .map((type) => (type === 'array' ? `array of ${typeLabel(schema.items ?? {}, resolve)}` : labelOf(type, schema, given)))
    .join(' or ');
}

const labelOf = (type: string, { format, properties }: Schema, given: Schema) => {
  if (type === 'object' && properties) return nameOf(given) ?? 'object';
  return type === 'string' && format !== undefined ? `string (${format})` : type;
};

/** Limits in words. A pattern is shown as it is. */
function limitsOf(schema: Schema): string[] {
  const range = (low: unknown, high: unknown, unit: string) => {
    if (low === undefined && high === undefined) return [];
    if (low === undefined) return [`at most ${number(high)}${unit}`];
    if (high === undefined || isHuge(high)) return isHuge(low) ? [] : [`at least ${number(low)}${unit}`];
    if (isHuge(low)) return [`at most ${number(high)}${unit}`];
    return [low === high ? `exactly ${number(low)}${unit}` : `${number(low)} to ${number(high)}${unit}`];
  };
  return [
    ...range(schema.minimum, schema.maximum, ''),
    ...(schema.exclusiveMinimum === undefined ? [] : [`greater than ${number(schema.exclusiveMinimum)}`]),
    ...(schema.multipleOf === undefined ? [] : [`a multiple of ${String(schema.multipleOf)}`]),
    ...range(schema.minLength, schema.maxLength, ' characters'),
    ...range(schema.minItems, schema.maxItems, ' items'),
    ...range(schema.minProperties, schema.maxProperties, ' fields'),
  ].map(escapeHtml);
}

const isHuge = (value: unknown) => typeof value === 'number' && Math.abs(value) >= Number.MAX_SAFE_INTEGER;
const number = (value: unknown) => (typeof value === 'number' ? value.toLocaleString('en-US') : String(value));
const code = (value: unknown) => `<code>${escapeHtml(typeof value === 'string' ? value : JSON.stringify(value))}</code>`;

/** Longer patterns describe formats, such as that of a date, which the type already names. */
const longPattern = 60;

/** What is known of a value beside its type: description, limits, allowed values, default. */
function factsOf(schema: Schema): string {
  const { description, pattern, enum: values, default: initial } = schema;
  const limits = limitsOf(schema);
  if (typeof pattern === 'string' && pattern.length <= longPattern) limits.push(`matches ${code(pattern)}`);
  if (initial !== undefined) limits.push(`default ${code(initial)}`);
  return [
    description === undefined ? '' : `<p>${renderInline(description)}</p>`,
    values === undefined ? '' : `<p class="limits">One of ${values.map(code).join(', ')}</p>`,
    limits.length === 0 ? '' : `<p class="limits">${sentence(limits.join(', '))}</p>`,
  ].join('');
}

const sentence = (text: string) => text[0]!.toUpperCase() + text.slice(1);

type Field = { name: string; schema: Schema; required: boolean; place?: string | undefined; deprecated?: boolean | undefined };

/** A list of fields or parameters, with the schemas of nested objects in disclosures. */
export const fieldsHtml = (fields: readonly Field[], resolve: Resolve, way: Way = []): string =>
  `<ul class="fields">${fields.map((field) => fieldHtml(field, resolve, way)).join('')}</ul>`;

function fieldHtml({ name, schema: given, required, place, deprecated }: Field, resolve: Resolve, way: Way): string {
  const schema = follow(given, resolve);
  const marks = [
    place === undefined ? '' : ` <span class="place">${place}</span>`,
    required ? ' <span class="required">required</span>' : '',
    (deprecated ?? schema.deprecated) ? ' <span class="deprecated">deprecated</span>' : '',
  ].join('');
  return `<li><code class="name">${escapeHtml(name)}</code> <span class="type">${escapeHtml(typeLabel(given, resolve))}</span>${marks}${factsOf(inner(schema, resolve))}${nested(given, resolve, way)}</li>`;
}

/** The one option of a nullable value carries the limits, the value itself the description. */
function inner(schema: Schema, resolve: Resolve): Schema {
  const { options } = optionsOf(schema);
  const only = options.length === 1 ? follow(options[0]!, resolve) : schema.type === 'array' && schema.items ? undefined : schema;
  if (only === undefined) {
    const { enum: values } = follow(schema.items!, resolve);
    return values === undefined ? schema : { ...schema, enum: values };
  }
  return schema.description === undefined ? only : { ...only, description: schema.description };
}

/** A disclosure with the parts of a value, if it has any. */
function nested(given: Schema, resolve: Resolve, way: Way): string {
  const schema = resolve(given);
  const { options } = optionsOf(schema);
  if (options.length === 1) return nested(options[0]!, resolve, way);
  if (schema.type === 'array' && schema.items) return nested(schema.items, resolve, way);
  if (typeof schema.additionalProperties === 'object' && !schema.properties) return nested(schema.additionalProperties, resolve, way);
  const name = nameOf(given);
  if (name !== undefined && way.includes(name)) return '<p class="limits">The same fields as above.</p>';
  const html = partsHtml(given, resolve, way);
  return html === ''
    ? ''
    : `<details class="nested"><summary>${options.length > 0 ? 'Options' : 'Fields'}${name ? ` of ${escapeHtml(name)}` : ''}</summary>${html}</details>`;
}

/** The fields of an object or the options of a union. Empty for other values. */
function partsHtml(given: Schema, resolve: Resolve, way: Way): string {
  const schema = resolve(given);
  const name = nameOf(given);
  const deeper = name === undefined ? way : [...way, name];
  const { options } = optionsOf(schema);
  if (options.length > 1) {
    const objects = options.filter((option) => partsHtml(option, resolve, deeper) !== '');
    if (objects.length === 0) return '';
    return `<ul class="options">${options.map((option) => optionHtml(option, resolve, deeper)).join('')}</ul>`;
  }
  if (!schema.properties) return '';
  const required = schema.required ?? [];
  return fieldsHtml(
    Object.entries(schema.properties).map(([field, value]) => ({ name: field, schema: value, required: required.includes(field) })),
    resolve,
    deeper,
  );
}

function optionHtml(option: Schema, resolve: Resolve, way: Way): string {
  const schema = resolve(option);
  const kind = Object.values(schema.properties ?? {}).find((value) => value.const !== undefined)?.const;
  const title = `<code>${escapeHtml(kind === undefined ? (nameOf(option) ?? typeLabel(option, resolve)) : String(kind))}</code>`;
  const about = schema.description === undefined ? '' : ` <span>${renderInline(schema.description)}</span>`;
  const html = partsHtml(option, resolve, way);
  return `<li>${html === '' ? title + about : `<details class="nested"><summary>${title}${about}</summary>${html}</details>`}</li>`;
}

/** A whole body: its media type and schema, what is known of it, and its parts. */
export function schemaHtml(given: Schema, resolve: Resolve, mediaType: string): string {
  const schema = follow(given, resolve);
  const of = schema.type === 'array' && schema.items ? schema.items : given;
  const { options } = optionsOf(resolve(of));
  const way = of === given ? [] : [nameOf(given) ?? ''];
  const parts = options.length === 1 ? partsHtml(options[0]!, resolve, way) : partsHtml(of, resolve, way);
  const name = nameOf(given);
  const label = name === undefined || schema.type === 'array' ? typeLabel(given, resolve) : name;
  return `<p class="type">${escapeHtml(mediaType)} · ${escapeHtml(label)}</p>${factsOf(schema)}${parts}`;
}

/** The names of all fields in a schema, for the search. */
export function fieldNames(given: Schema, resolve: Resolve, way: Way = []): string[] {
  const name = nameOf(given);
  if (name !== undefined && way.includes(name)) return [];
  const deeper = name === undefined ? way : [...way, name];
  const schema = resolve(given);
  const { options } = optionsOf(schema);
  const parts = [...options, ...(schema.items ? [schema.items] : []), ...Object.values(schema.properties ?? {})];
  return [...Object.keys(schema.properties ?? {}), ...parts.flatMap((part) => fieldNames(part, resolve, deeper))];
}
