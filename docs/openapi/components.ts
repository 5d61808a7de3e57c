import { isDeepStrictEqual } from 'node:util';
import type { SchemaObject } from 'openapi3-ts/oas31';
import { z } from 'zod';
import type { Schema } from '../../contract/shared/route.ts';
import { nameParts } from './compact/naming.ts';

/** The named schemas of a document. */
export type Components = {
  readonly models: ReadonlyMap<string, SchemaObject>;
  /** A reference if `schema` has a name, otherwise an inline schema that references named schemas. */
  schemaOf(schema: Schema, io: 'input' | 'output'): SchemaObject;
};

/** Collects every schema with `meta({ id })`. Throws an Error if two different schemas have the same ID. */
export function createComponents(): Components {
  const models = new Map<string, SchemaObject>();
  const add = (name: string, model: SchemaObject) => {
    const known = models.get(name);
    if (known && !isDeepStrictEqual(known, model))
      throw new Error(`${name} has two shapes: give the model of the request and that of the answer names of their own`);
    models.set(name, model);
  };
  return {
    models,
    schemaOf(schema, io) {
      const { $schema: _, $defs = {}, ...inline } = readableSchema(schema, io);
      for (const [id, { id: _id, ...model }] of Object.entries<SchemaObject & { id?: string }>($defs)) add(id, nameParts(id, model, add));
      return nameParts('', inline, (name) => {
        throw new Error(`An inline ${name || 'schema'} of an operation needs a name: meta({ id })`);
      });
    },
  };
}

/** Whether the value of a schema can be omitted. */
export const isOptional = (schema: Schema) => z.safeParse(schema, undefined).success;

/** Whether a schema rejects every value. Such a parameter is declared only to be rejected. */
export function isAlwaysRejected(schema: Schema): boolean {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  return def.type === 'never' || (def.type === 'optional' && isAlwaysRejected(def.innerType));
}

function readableSchema(schema: Schema, io: 'input' | 'output') {
  const written = JSON.stringify(z.toJSONSchema(schema, { io, override: tidy }));
  return JSON.parse(written.replaceAll('#/$defs/', '#/components/schemas/'), (_, part) => descriptionLast(part)) as SchemaObject & {
    $schema?: string;
    $defs?: Record<string, SchemaObject & { id?: string }>;
  };
}

/** Moves the description of a schema to its end, because zod writes it in different places. A property with this name is not a string and stays. */
function descriptionLast(part: unknown): unknown {
  if (typeof part !== 'object' || part === null || !('description' in part) || typeof part.description !== 'string') return part;
  const { description, ...rest } = part;
  return { ...rest, description };
}

/** Formats of zod that JSON Schema defines as well, so their patterns add nothing. */
const standardFormats: readonly string[] = ['guid', 'uuid', 'datetime', 'ipv4', 'ipv6'];

/** Removes output of zod that a published document should not contain. */
function tidy({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodTypes; jsonSchema: z.core.JSONSchema.BaseSchema }) {
  const { def } = zodSchema._zod;
  if (def.type === 'string' && isTrimmed(def) && Number(jsonSchema.minLength) > 0) rejectBlank(def, jsonSchema);
  // Zod closes plain objects in responses. Clients that validate responses would then fail on new fields.
  if (def.type === 'object' && !def.catchall) delete jsonSchema.additionalProperties;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  // Zod writes every numeric literal as `number`, of which generators make a floating-point type.
  if (jsonSchema.type === 'number' && Number.isInteger(jsonSchema.const)) jsonSchema.type = 'integer';
  // Beside the reference to a map, generators for Java make `new Map()` of it, which does not compile.
  if (isDeepStrictEqual(jsonSchema.default, {})) delete jsonSchema.default;
  if (jsonSchema.pattern) jsonSchema.pattern = portable(jsonSchema.pattern);
  // By the schema, because a reference with a description has the pattern as well, but no format.
  if ('format' in def && standardFormats.includes(String(def.format))) delete jsonSchema.pattern;
  // A discriminator supports only named schemas and text values. Without a mapping, the schema names would be the values.
  if (def.type === 'union' && 'discriminator' in def && !jsonSchema.$ref) {
    const mapping = mappingOf(def.options, String(def.discriminator));
    if (mapping) jsonSchema.discriminator = { propertyName: def.discriminator, mapping };
  }
}

/** Whether the text is trimmed. */
const isTrimmed = ({ checks = [] }: z.core.$ZodTypeDef) =>
  checks.some(({ _zod: { def } }) => def.check === 'overwrite' && (def as z.core.$ZodCheckOverwriteDef).tx(' ') === '');

/** Adds a pattern that rejects blank text, which is too short after trimming. */
function rejectBlank({ checks = [] }: z.core.$ZodTypeDef, schema: z.core.JSONSchema.BaseSchema) {
  const patterns = checks.flatMap(({ _zod: { def } }) => ('pattern' in def && def.pattern instanceof RegExp ? [def.pattern] : []));
  if (patterns.length === 0) schema.pattern = '^\\s*\\S';
  if (!patterns.every((pattern) => pattern.test(' '))) return;
  for (const { source } of patterns) {
    const [, excluded] = /^\^\[\^(.+)\]\*\$$/.exec(source) ?? [];
    if (excluded === undefined) throw new Error(`The pattern ${source} allows blank text, but the text is trimmed and not empty.`);
    // The parts exclude one another, so that matching takes linear time: white space, the first other character, and the rest.
    schema.pattern = `^[^\\S${excluded}]*[^\\s${excluded}][^${excluded}]*$`;
  }
}

/**
 * The same pattern for the tools of all languages. Validation in Python (`re.match`) begins at the start of the text, which a pattern without `^` does
 * not mean. The source of a regular expression escapes `/`; as a JSON string it needs no escape, and some generators do not know that one.
 */
function portable(pattern: string): string {
  const plain = pattern.replaceAll('\\/', '/');
  return plain.startsWith('^') ? plain : `^[\\s\\S]*(?:${plain})`;
}

/** Maps the values of a property to schemas. Undefined if a schema has no name or a value is not text. */
function mappingOf(options: readonly z.core.$ZodType[], property: string): Record<string, string> | undefined {
  const rows = options.flatMap((option) => {
    const id = z.globalRegistry.get(option)?.id;
    return [...(option._zod.propValues?.[property] ?? [undefined])].map((value) => [value, id && `#/$defs/${id}`] as const);
  });
  return rows.every(([value, target]) => typeof value === 'string' && target) ? Object.fromEntries(rows) : undefined;
}
