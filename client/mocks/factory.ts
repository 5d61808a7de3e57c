import { z } from 'zod';
import type { Caller, Context, Engine } from './context.ts';
import type { ResourceType } from './resourceTypes.ts';
import type { Json, Row } from './state.ts';

type Field = z.ZodType;
type Owner = Pick<Caller, 'user' | 'accountId'>;
type FactoryContext = { engine: Engine; caller: Owner | undefined; params: object; body: unknown };

const timestampFields = new Set(['created_at', 'updated_at']);
const isOn = /^(is_)?(enabled|active|configured)$/;
const isUser = /^((created_by|owner|invited_by|creator)_)?user_id$/;

/** Owner of a row: a user id, an account id or `platform`. */
export const ownerOf = ({ ownedBy }: ResourceType, { caller }: { caller: Owner | undefined }): string =>
  ownedBy === 'platform' || !caller ? 'platform' : ownedBy === 'user' ? caller.user.id : caller.accountId;

/**
 * Creates a resource. Fields come from the request, the caller and the clock. All others get the smallest value that the schema allows: null, false, 0,
 * an empty list, the first enum value. Only fields that allow none of these are faked.
 */
export function createResource(model: z.ZodObject, context: FactoryContext): Json {
  const { fakes, state, time } = context.engine;
  const number = ++state.fakeCount;
  // One timestamp for all fields: `created_at` and `updated_at` of a new resource are equal.
  const moment = time();
  const given = { ...context.params, ...plainBody(context) } as Json;
  return Object.fromEntries(
    Object.entries(model.shape as Record<string, Field>).flatMap(([name, field]) => {
      if (isOptional(field) && given[name] === undefined) return [];
      const known = [
        given[name],
        timestampFields.has(name) ? moment : knownValue(name, context),
        smallestValue(name, field),
        name.endsWith('_at') ? moment : undefined,
      ];
      const value = known.find((each) => each !== undefined && z.safeParse(field, each).success);
      return [[name, value === undefined ? fakes.of(field, `${name} ${number}`) : value]];
    }),
  );
}

/** Applies the fields of a request body that are in the schema. */
export function updateResource(value: Json, model: z.ZodObject, context: Context) {
  for (const [name, field] of Object.entries(model.shape as Record<string, Field>)) {
    const next = plainBody(context)[name];
    if (next !== undefined && z.safeParse(field, next).success) value[name] = next;
  }
  if ('updated_at' in model.shape) value.updated_at = context.engine.time();
}

const plainBody = ({ body }: { body: unknown }): Json => (typeof body === 'object' && body !== null ? (body as Json) : {});

function knownValue(name: string, { engine, caller }: FactoryContext): unknown {
  if (name === 'id') return engine.fakes.id(engine.now());
  if (name === 'account_id') return caller?.accountId;
  if (isUser.test(name)) return caller?.user.id;
  return undefined;
}

/** Values for the fields of a schema, from the request and the caller. */
export const knownFields = ({ shape }: z.ZodObject, context: Context): Json => {
  const given = { ...context.params, ...(context.query as object), ...plainBody(context) } as Json;
  const valueFor = (name: string) => given[name] ?? (name.endsWith('_id') ? knownValue(name, context) : undefined);
  const known = Object.entries(shape as Record<string, Field>).map(([name, field]) => [name, field, valueFor(name)] as const);
  return Object.fromEntries(
    known.flatMap(([name, field, value]) => (value !== undefined && z.safeParse(field, value).success ? [[name, value]] : [])),
  );
};

const isOptional = (field: Field) => field.def.type === 'optional';

function smallestValue(name: string, field: Field): unknown {
  switch (field.def.type) {
    case 'nullable':
      return null;
    case 'boolean':
      return isOn.test(name);
    case 'number':
      return 0;
    case 'array':
      return [];
    case 'record':
      return {};
    case 'enum':
      return (field as z.ZodEnum).options[0];
    default:
      return undefined;
  }
}

/** Adds a resource without a request. */
export function addResource(engine: Engine, kind: ResourceType, fields: Json, caller: Owner, parents: Record<string, string>): Row {
  const value = createResource(kind.model, { engine, caller, params: parents, body: fields });
  return engine.state.add(kind, { owner: ownerOf(kind, { caller }), parents, value });
}
