import type { PathItemObject } from 'openapi3-ts/oas31';
import { z } from 'zod';
import { openApiPath, paramNames } from '../../contract/shared/path.ts';
import type { Contract, ResponseBody, Route } from '../../contract/shared/route.ts';
import { isOptional } from './components.ts';
import { operationIdOf, queryOf } from './operation.ts';

type Operation = { id: string; area: string; route: Route };

/** Runtime expressions by parameter or property. */
type Values = Readonly<Record<string, string>>;

/**
 * Adds links to responses that create something: to each operation on the created resource, with its parameters.
 * A client that follows them gets from `POST /v1/threads` to the messages, the runs and the deletion of the thread.
 */
export function addLinks(paths: ReadonlyMap<string, PathItemObject>, contract: Contract): void {
  const operations = Object.entries(contract).flatMap(([area, resource]) =>
    Object.entries(resource).map(([verb, route]): Operation => ({ id: operationIdOf(area, verb), area, route })),
  );
  for (const { area, route } of operations)
    for (const [status, answer] of Object.entries(route.responses) as [string, ResponseBody][]) {
      if (route.method !== 'POST' && status !== '201') continue;
      const links = linksOf(area, route, propertiesOf(answer), operations);
      const operation = paths.get(openApiPath(route.path))![route.method.toLowerCase() as 'post']!;
      if (Object.keys(links).length > 0) Object.assign(operation.responses![status], { links });
    }
}

/** The links of a response by operation ID. */
function linksOf(area: string, source: Route, body: Values, operations: readonly Operation[]) {
  const outer = paramNames(source.path);
  const routes = operations
    .filter((each) => each.area === area || each.route.path.startsWith(`${source.path}/{`))
    .map(({ route }) => route);
  const created = createdParams(outer, body, routes);
  const values = { ...Object.fromEntries(outer.map((name) => [name, `$request.path.${name}`])), ...created };
  const items = routes
    .filter(({ path }) => Object.hasOwn(created, paramNames(path).at(-1) ?? ''))
    .map(({ path }) => path.slice(0, path.lastIndexOf('}') + 1));
  return Object.fromEntries(
    operations.flatMap(({ id, route }) => {
      const isOnItem = items.some((item) => route.path.startsWith(item));
      // A resource without a path of its own is identified by a query parameter, as in `DELETE …:share?id=`.
      const isByQuery = route.path === source.path && queryOf(route).some(([name]) => name === 'id');
      const parameters = isOnItem || isByQuery ? parametersOf(route, values, body, isByQuery) : undefined;
      return parameters ? [[id, { operationId: id, parameters }]] : [];
    }),
  );
}

/**
 * The path parameters that identify the created resource: those that lead from the path of the source to an item. A property of the
 * same name has the value, otherwise `id`.
 */
function createdParams(outer: readonly string[], body: Values, routes: readonly Route[]): Values {
  const inner = routes.map(({ path }) => paramNames(path).filter((name) => !outer.includes(name))).filter(({ length }) => length === 1);
  const names = [...new Set(inner.flat())];
  const named = names.filter((name) => Object.hasOwn(body, name));
  const [other, ...more] = names.filter((name) => !named.includes(name));
  return {
    ...Object.fromEntries(named.map((name) => [name, body[name]!])),
    ...(other !== undefined && more.length === 0 && body.id !== undefined && { [other]: body.id }),
  };
}

/** The parameters of an operation. Undefined if the value of a required one is unknown. */
function parametersOf(route: Route, path: Values, body: Values, isByQuery: boolean): Values | undefined {
  const query = queryOf(route)
    .map(([name, schema]) => ({ name, value: name === 'id' && !isByQuery ? undefined : body[name], isRequired: !isOptional(schema) }))
    .filter(({ value, isRequired }) => value !== undefined || isRequired);
  const all = [...paramNames(route.path).map((name) => [name, path[name]]), ...query.map(({ name, value }) => [name, value])];
  return all.every(([, value]) => value !== undefined) ? (Object.fromEntries(all) as Values) : undefined;
}

/** The properties of a response body. Of an array, those of its first element. */
function propertiesOf(answer: ResponseBody): Values {
  const [schema, pointer] = answer instanceof z.ZodArray ? [answer.element, '/0'] : [answer, ''];
  if (!(schema instanceof z.ZodObject)) return {};
  return Object.fromEntries(Object.keys(schema.shape).map((name) => [name, `$response.body#${pointer}/${name}`]));
}
