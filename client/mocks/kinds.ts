import { z } from 'zod';
import type { Answer, Route } from '../../contract/shared/route.ts';
import { type Operation, operations } from './operations.ts';

type Model = z.ZodObject;

/** A kind of thing that is made, listed and deleted, as the paths of its area show. */
export type Kind = {
  /** The path of the list: its name among the kinds. */
  name: string;
  /** What a list shows of it. */
  model: Model;
  /** The field that a path names it by. */
  key: string;
  /** To whom it belongs. */
  reach: 'account' | 'user' | 'platform';
  /** Whether a POST makes it; otherwise it is there, or a PUT sets it. */
  isCreated: boolean;
};

/** The shape of a success, where it is JSON. */
export function successOf({ responses }: Route): z.ZodType | undefined {
  const found = Object.values(responses).find((answer: Answer) => answer !== null && !('last' in answer) && !('bytes' in answer));
  return found as z.ZodType | undefined;
}

/** The field of an answer that holds the rows of a page, or '' where the answer is the rows. */
export function rowsField(schema: z.ZodType | undefined): string | undefined {
  if (schema instanceof z.ZodArray) return '';
  return schema instanceof z.ZodObject ? Object.keys(schema.shape).find((name) => schema.shape[name] instanceof z.ZodArray) : undefined;
}

function rowOf(route: Route): Model | undefined {
  const schema = successOf(route);
  const field = rowsField(schema);
  if (field === undefined || route.method !== 'GET' || (field !== '' && !route.metadata.pages)) return undefined;
  const list = (field === '' ? schema : (schema as Model).shape[field]) as z.ZodArray;
  return list.element instanceof z.ZodObject ? list.element : undefined;
}

const below = (path: string) => operations.find(({ route }) => route.path.startsWith(`${path}/{`))?.route.path;
const made = ({ route }: Operation) => route.method === 'POST' && successOf(route) instanceof z.ZodObject;

function kindAt(path: string): Kind | undefined {
  const here = operations.filter(({ route }) => route.path === path);
  const list = here.find(({ route }) => rowOf(route));
  const maker = here.find(made);
  const model = list ? rowOf(list.route)! : maker && below(path) ? (successOf(maker.route) as Model) : undefined;
  if (!model || (list && !maker && !below(path) && !list.route.metadata.pages)) return undefined;
  const param = /^\{(\w+)\}/.exec(below(path)?.slice(path.length + 1) ?? '')?.[1] ?? 'id';
  const { metadata } = (maker ?? list)!.route;
  const reach = metadata.auth === 'platform' ? 'platform' : metadata.account === 'optional' ? 'user' : 'account';
  return { name: path, model, key: param in model.shape ? param : 'id', reach, isCreated: maker !== undefined };
}

const own = operations.flatMap(({ area, route: { path } }) => {
  const kind = kindAt(path);
  return kind ? [{ area, path, kind }] : [];
});

/** Every kind by its path, and by the paths of other lists of the same things. */
export const kinds: ReadonlyMap<string, Kind> = new Map(
  own.map(({ area, path, kind }) => {
    const same = kind.isCreated
      ? undefined
      : own.find((other) => other.area === area && other.kind.isCreated && other.kind.model === kind.model);
    return [path, same?.kind ?? kind] as const;
  }),
);

/** The kind with a name that the code knows. */
export function kindOf(name: string): Kind {
  const kind = kinds.get(name);
  if (!kind) throw new Error(`There is no list at ${name}.`);
  return kind;
}

const elsewhere = new Map<string, Kind>();
for (const { route, area } of operations) {
  // A thing whose own path does not begin with the path of its list: the only list of its area is meant.
  const item = /^(.*)\/\{(?:\w+_)?id\}$/.exec(route.path);
  if (!item || kinds.has(item[1]!)) continue;
  const lists = operations.filter((other) => other.area === area && kinds.has(other.route.path)).map((other) => other.route.path);
  const [only, ...more] = new Set(lists);
  if (only !== undefined && more.length === 0) elsewhere.set(route.path, kinds.get(only)!);
}

/** A thing that a path names: its kind, and the parameter it is named by. */
export type Named = { kind: Kind; param: string };

/** The things that a path names, outermost first. */
export const thingsIn = (path: string): Named[] =>
  [...path.matchAll(/\/\{(\w+)\}/g)].flatMap(({ 0: hole, 1: param, index }) => {
    const kind = kinds.get(path.slice(0, index)) ?? elsewhere.get(path.slice(0, index + hole.length));
    return kind ? [{ kind, param: param! }] : [];
  });
