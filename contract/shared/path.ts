// A path is written once, as `/v1/runs/{run_id}:cancel`. `{name}` is one segment, `{name...}` the rest of the path.

type Name<Hole extends string> = Hole extends `${infer Stem}...` ? Stem : Hole;

/** The names in a template: `'account_id' | 'user_id'`. */
export type ParamName<Template extends string> = Template extends `${string}{${infer Hole}}${infer Rest}`
  ? Name<Hole> | ParamName<Rest>
  : never;

const hole = /\{(\w+)(\.\.\.)?\}/g;

/**
 * `/v1/runs/x:cancel` as `['v1', 'runs', 'x', '/cancel']`; no segment can hold a slash, so an action is never mistaken for one.
 * An action has no colon in it: `builtin:normal:1` is a value.
 */
export function pathSteps(path: string): string[] {
  const steps = path.slice(1).split('/');
  const [stem, action, more] = steps.at(-1)!.split(/:|%3[Aa]/);
  return !stem || action === undefined || more !== undefined ? steps : [...steps.slice(0, -1), stem, `/${action}`];
}

/** The names in a template, in order. */
export const paramNames = (template: string) => [...template.matchAll(hole)].map(([, name]) => name!);

/** The spelling OpenAPI uses; it has no rest parameter. */
export const openApiPath = (template: string) => template.replace(hole, '{$1}');

/** The path with its values encoded. Empty and dot segments are refused: URL parsers resolve dots even when encoded. */
export function fillPath<const Template extends string>(template: Template, params: Record<ParamName<Template>, string>): string {
  return template.replace(hole, (_, name: ParamName<Template>, rest) => {
    const segments = rest ? params[name].split('/') : [params[name]];
    if (segments.some((segment) => !segment || segment === '.' || segment === '..'))
      throw new TypeError(`${name} cannot be "${params[name]}"`);
    return segments.map(encodeURIComponent).join('/');
  });
}
