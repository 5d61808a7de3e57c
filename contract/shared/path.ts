// Path templates have the form `/v1/runs/{run_id}:cancel`. `{name}` is one segment, `{name...}` the rest of the path.

type Name<Hole extends string> = Hole extends `${infer Stem}...` ? Stem : Hole;

/** The parameter names of a template: `'account_id' | 'user_id'`. */
export type ParamName<Template extends string> = Template extends `${string}{${infer Hole}}${infer Rest}`
  ? Name<Hole> | ParamName<Rest>
  : never;

const paramPattern = /\{(\w+)(\.\.\.)?\}/g;

/**
 * Splits `/v1/runs/x:cancel` into `['v1', 'runs', 'x', '/cancel']`. A segment cannot contain a slash, so an action cannot be mistaken for one.
 * An action contains no colon: `builtin:normal:1` is a value.
 */
export function pathSegments(path: string): string[] {
  const steps = path.slice(1).split('/');
  const [stem, action, more] = steps.at(-1)!.split(/:|%3[Aa]/);
  return !stem || action === undefined || more !== undefined ? steps : [...steps.slice(0, -1), stem, `/${action}`];
}

export const paramNames = (template: string) => [...template.matchAll(paramPattern)].map(([, name]) => name!);

/** The actions of all routes, for the gateway, which does not load the routes. */
export const actionNames = ['cancel', 'continue', 'fork', 'pause', 'replay', 'report', 'resume', 'retry', 'run', 'share'] as const;

const actionPattern = /\}:(\w+)$/;

/**
 * The second path of an action, `/v1/runs/{run_id}/cancel`, for generators and routers that read `:cancel` as a part of the parameter.
 * Undefined for a template without an action.
 */
export const actionAlias = (template: string): string | undefined =>
  actionPattern.test(template) ? template.replace(actionPattern, '}/$1') : undefined;

/** All paths that lead to a route. The first is its template. */
export const pathsOf = (template: string): string[] => [template, actionAlias(template) ?? []].flat();

/** The path of a request, with an action in the form of the template. */
export const canonicalPath = (template: string, path: string): string =>
  actionPattern.test(template) ? path.replace(/(?:\/|:|%3a)(\w+)$/i, ':$1') : path;

/** OpenAPI has no rest parameters: `{name...}` becomes `{name}`. */
export const openApiPath = (template: string) => template.replace(paramPattern, '{$1}');

/** Encodes the values. Throws a TypeError for empty and dot segments, because URL parsers resolve dots even if they are encoded. */
export function fillPath<const Template extends string>(template: Template, params: Record<ParamName<Template>, string>): string {
  return template.replace(paramPattern, (_, name: ParamName<Template>, rest) => {
    const segments = rest ? params[name].split('/') : [params[name]];
    if (segments.some((segment) => !segment || segment === '.' || segment === '..'))
      throw new TypeError(`${name} cannot be "${params[name]}"`);
    return segments.map(encodeURIComponent).join('/');
  });
}
