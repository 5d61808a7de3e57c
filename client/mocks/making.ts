import { z } from 'zod';
import type { Caller, Context, Engine } from './context.ts';
import type { Kind } from './kinds.ts';
import type { Json, Row } from './state.ts';

type Field = z.ZodType;
type Owner = Pick<Caller, 'user' | 'accountId'>;
type Making = { engine: Engine; caller: Owner | undefined; params: object; body: unknown };

const born = new Set(['created_at', 'updated_at']);
const isOn = /^(is_)?(enabled|active|configured)$/;
const isUser = /^((created_by|owner|invited_by|creator)_)?user_id$/;

/** Whose a row of a kind is. */
export const ownerOf = ({ reach }: Kind, { caller }: { caller: Owner | undefined }): string =>
  reach === 'platform' || !caller ? 'platform' : reach === 'user' ? caller.user.id : caller.accountId;

/**
 * A new thing of a shape: what the request gives, whom and when it is of, and otherwise as little as the shape admits: null, false, 0, an
 * empty list, the first choice. Only what must be something is invented.
 */
export function makeThing(model: z.ZodObject, context: Making): Json {
  const { fakes, state, time } = context.engine;
  const number = ++state.made;
  // One for all of the thing: a fresh one was changed when it was made.
  const moment = time();
  const given = { ...context.params, ...plainBody(context) } as Json;
  return Object.fromEntries(
    Object.entries(model.shape as Record<string, Field>).flatMap(([name, field]) => {
      if (isOptional(field) && given[name] === undefined) return [];
      const known = [
        given[name],
        born.has(name) ? moment : knownOf(name, context),
        leastOf(name, field),
        name.endsWith('_at') ? moment : undefined,
      ];
      const value = known.find((each) => each !== undefined && z.safeParse(field, each).success);
      return [[name, value === undefined ? fakes.of(field, `${name} ${number}`) : value]];
    }),
  );
}

/** Put into a thing what a request says of it; fields that it does not show are kept to themselves. */
export function changeThing(value: Json, model: z.ZodObject, context: Context) {
  for (const [name, field] of Object.entries(model.shape as Record<string, Field>)) {
    const next = plainBody(context)[name];
    if (next !== undefined && z.safeParse(field, next).success) value[name] = next;
  }
  if ('updated_at' in model.shape) value.updated_at = context.engine.time();
}

const plainBody = ({ body }: { body: unknown }): Json => (typeof body === 'object' && body !== null ? (body as Json) : {});

function knownOf(name: string, { engine, caller }: Making): unknown {
  if (name === 'id') return engine.fakes.id(engine.now());
  if (name === 'account_id') return caller?.accountId;
  if (isUser.test(name)) return caller?.user.id;
  return undefined;
}

/** The fields of a shape that a request names, or that say whom it is about. */
export const knownIn = ({ shape }: z.ZodObject, context: Context): Json => {
  const given = { ...context.params, ...(context.query as object), ...plainBody(context) } as Json;
  const valueFor = (name: string) => given[name] ?? (name.endsWith('_id') ? knownOf(name, context) : undefined);
  const known = Object.entries(shape as Record<string, Field>).map(([name, field]) => [name, field, valueFor(name)] as const);
  return Object.fromEntries(
    known.flatMap(([name, field, value]) => (value !== undefined && z.safeParse(field, value).success ? [[name, value]] : [])),
  );
};

const isOptional = (field: Field) => field.def.type === 'optional';

function leastOf(name: string, field: Field): unknown {
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

/** Adds a thing without a request. */
export function addThing(engine: Engine, kind: Kind, fields: Json, caller: Owner, parents: Record<string, string>): Row {
  const value = makeThing(kind.model, { engine, caller, params: parents, body: fields });
  return engine.state.add(kind, { owner: ownerOf(kind, { caller }), parents, value });
}
