import { isDeepStrictEqual } from 'node:util';
import type { SchemaObject } from 'openapi3-ts/oas31';
import { z } from 'zod';
import type { Schema } from '../contract/shared/route.ts';

/** The named schemas of a document, and what stands in place of a schema that refers to them. */
export type Components = {
  readonly models: ReadonlyMap<string, SchemaObject>;
  /** A reference when `schema` has a name, otherwise an inline schema whose parts are references. */
  schemaOf(schema: Schema, io: 'input' | 'output'): SchemaObject;
};

/** Collects every schema that has a `meta({ id })`; two shapes under one name are a mistake in the contract and thrown. */
export function createComponents(): Components {
  const models = new Map<string, SchemaObject>();
  return {
    models,
    schemaOf(schema, io) {
      const { $schema: _, $defs = {}, ...inline } = readableSchema(schema, io);
      for (const [id, { id: _id, ...model }] of Object.entries<SchemaObject & { id?: string }>($defs)) {
        const known = models.get(id);
        if (known && !isDeepStrictEqual(known, model))
          throw new Error(`${id} has two shapes: give the model of the request and that of the answer names of their own`);
        models.set(id, model);
      }
      return inline;
    },
  };
}

/** Whether a schema accepts that its value is left out. */
export const isOptional = (schema: Schema) => z.safeParse(schema, undefined).success;

/** Whether nothing at all satisfies a schema: a parameter that is declared only to be refused. */
export function isRefused(schema: Schema): boolean {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  return def.type === 'never' || (def.type === 'optional' && isRefused(def.innerType));
}

function readableSchema(schema: Schema, io: 'input' | 'output') {
  const written = JSON.stringify(z.toJSONSchema(schema, { io, override: tidy }));
  return JSON.parse(written.replaceAll('#/$defs/', '#/components/schemas/')) as SchemaObject & {
    $schema?: string;
    $defs?: Record<string, SchemaObject & { id?: string }>;
  };
}

/** Removes what zod writes but a published document should not say. */
function tidy({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodTypes; jsonSchema: z.core.JSONSchema.BaseSchema }) {
  const { def } = zodSchema._zod;
  if (def.type === 'string' && isTrimmed(def) && Number(jsonSchema.minLength) > 0) refuseBlank(def, jsonSchema);
  // A plain object of an answer would come out closed, and a client that validates would break on the first new field.
  if (def.type === 'object' && !def.catchall) delete jsonSchema.additionalProperties;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  if (jsonSchema.format === 'uuid' || jsonSchema.format === 'date-time') delete jsonSchema.pattern;
  // Only named schemas can be chosen between by a discriminator, and only by text. Without a mapping their names would be its values.
  if (def.type === 'union' && 'discriminator' in def) {
    const mapping = mappingOf(def.options, String(def.discriminator));
    if (mapping) jsonSchema.discriminator = { propertyName: def.discriminator, mapping };
  }
}

/** Whether white space around a text does not count. */
const isTrimmed = ({ checks = [] }: z.core.$ZodTypeDef) =>
  checks.some(({ _zod: { def } }) => def.check === 'overwrite' && (def as z.core.$ZodCheckOverwriteDef).tx(' ') === '');

/** A text of which nothing would be left is too short. */
function refuseBlank({ checks = [] }: z.core.$ZodTypeDef, schema: z.core.JSONSchema.BaseSchema) {
  const patterns = checks.flatMap(({ _zod: { def } }) => ('pattern' in def && def.pattern instanceof RegExp ? [def.pattern] : []));
  if (patterns.length === 0) schema.pattern = '\\S';
  else if (patterns.every((pattern) => pattern.test(' '))) schema.allOf = [{ pattern: '\\S' }];
}

/** Which value of a property stands for which schema; undefined where one has no name or is told by something else than text. */
function mappingOf(options: readonly z.core.$ZodType[], property: string): Record<string, string> | undefined {
  const rows = options.flatMap((option) => {
    const id = z.globalRegistry.get(option)?.id;
    return [...(option._zod.propValues?.[property] ?? [undefined])].map((value) => [value, id && `#/$defs/${id}`] as const);
  });
  return rows.every(([value, target]) => typeof value === 'string' && target) ? Object.fromEntries(rows) : undefined;
}
