import { z } from 'zod';
import type { ResponseBody, Route } from '../../contract/shared/route.ts';
import { type Operation, operations } from './operations.ts';

type Model = z.ZodObject;

/** A resource type, derived from the paths and responses of its area in the contract. */
export type ResourceType = {
  /** The path of the list. */
  name: string;
  /** Schema of a list item. */
  model: Model;
  /** The field that path parameters refer to. */
  key: string;
  ownedBy: 'account' | 'user' | 'platform';
  /** Whether POST creates it. If not, it always exists or PUT sets it. */
  isCreated: boolean;
};

/** Schema of the successful response; undefined if it is not JSON. */
export function successOf({ responses }: Route): z.ZodType | undefined {
  const found = Object.values(responses).find(
    (answer: ResponseBody) => answer !== null && !('last' in answer) && !('bytes' in answer) && !('chunk' in answer),
  );
  return found as z.ZodType | undefined;
}

/** The field of a response that contains the rows, or '' if the response is the array of rows. */
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

function resourceTypeAt(path: string): ResourceType | undefined {
  const here = operations.filter(({ route }) => route.path === path);
  const list = here.find(({ route }) => rowOf(route));
  const maker = here.find(made);
  const model = list ? rowOf(list.route)! : maker && below(path) ? (successOf(maker.route) as Model) : undefined;
  if (!model || (list && !maker && !below(path) && !list.route.metadata.pages)) return undefined;
  const param = /^\{(\w+)\}/.exec(below(path)?.slice(path.length + 1) ?? '')?.[1] ?? 'id';
  const { metadata } = (maker ?? list)!.route;
  const ownedBy = metadata.auth === 'platform' ? 'platform' : metadata.account === 'optional' ? 'user' : 'account';
  return { name: path, model, key: param in model.shape ? param : 'id', ownedBy, isCreated: maker !== undefined };
}

const own = operations.flatMap(({ area, route: { path } }) => {
  const kind = resourceTypeAt(path);
  return kind ? [{ area, path, kind }] : [];
});

/** Resource types by the path of their list. Other lists of the same resource map to the same type. */
export const resourceTypes: ReadonlyMap<string, ResourceType> = new Map(
  own.map(({ area, path, kind }) => {
    const same = kind.isCreated
      ? undefined
      : own.find((other) => other.area === area && other.kind.isCreated && other.kind.model === kind.model);
    return [path, same?.kind ?? kind] as const;
  }),
);

/** Throws for an unknown path. */
export function resourceType(name: string): ResourceType {
  const kind = resourceTypes.get(name);
  if (!kind) throw new Error(`There is no list at ${name}.`);
  return kind;
}

const elsewhere = new Map<string, ResourceType>();
for (const { route, area } of operations) {
  // The path of the item does not start with the path of its list: use the only list of its area.
  const item = /^(.*)\/\{(?:\w+_)?id\}$/.exec(route.path);
  if (!item || resourceTypes.has(item[1]!)) continue;
  const lists = operations.filter((other) => other.area === area && resourceTypes.has(other.route.path)).map((other) => other.route.path);
  const [only, ...more] = new Set(lists);
  if (only !== undefined && more.length === 0) elsewhere.set(route.path, resourceTypes.get(only)!);
}

/** A resource in a path. */
export type PathResource = { kind: ResourceType; param: string };

/** The resources in a path, outermost first. */
export const resourcesIn = (path: string): PathResource[] =>
  [...path.matchAll(/\/\{(\w+)\}/g)].flatMap(({ 0: hole, 1: param, index }) => {
    const kind = resourceTypes.get(path.slice(0, index)) ?? elsewhere.get(path.slice(0, index + hole.length));
    return kind ? [{ kind, param: param! }] : [];
  });
