import { paramNames, pathSteps } from './path.ts';

type Entry<T> = { names: readonly string[]; value: T };
type Node<T> = { fixed: Map<string, Node<T>>; hole?: Node<T>; rest?: Node<T>; entries: Map<string, Entry<T>> };
const node = <T>(): Node<T> => ({ fixed: new Map(), entries: new Map() });

export type Match<T> = { value: T; params: Record<string, string> };

/** Finds the route of a path without trying them one by one; fixed words win over parameters. */
export class RouteTable<T> {
  readonly #root = node<T>();

  add(method: string, template: string, value: T) {
    const { entries } = pathSteps(template).reduce(child, this.#root);
    if (entries.has(method)) throw new Error(`${method} ${template} is declared twice`);
    entries.set(method, { names: paramNames(template), value });
  }

  /** The route; or the methods the path has, when not this one; or undefined for an unknown path. */
  find(method: string, path: string): Match<T> | { allow: string[] } | undefined {
    const steps = pathSteps(path);
    const values: string[] = [];
    const entries = walk(this.#root, steps, 0, values)?.entries;
    const entry = entries?.get(method) ?? (method === 'HEAD' ? entries?.get('GET') : undefined);
    if (!entry) return entries && { allow: [...entries.keys()] };
    const params: Record<string, string> = {};
    for (const [at, name] of entry.names.entries()) params[name] = values[at]!;
    return { value: entry.value, params };
  }
}

function child<T>(at: Node<T>, step: string): Node<T> {
  if (step.endsWith('...}')) {
    at.rest ??= node();
    return at.rest;
  }
  if (step.startsWith('{')) {
    at.hole ??= node();
    return at.hole;
  }
  const next = at.fixed.get(step) ?? node<T>();
  at.fixed.set(step, next);
  return next;
}

/** Walks down, gathering the values of the holes passed; a wrong turn takes its values back. */
function walk<T>(at: Node<T>, steps: readonly string[], from: number, values: string[]): Node<T> | undefined {
  const step = steps[from];
  if (step === undefined) return at.entries.size > 0 ? at : undefined;
  const fixed = at.fixed.get(step);
  const straight = fixed && walk(fixed, steps, from + 1, values);
  if (straight || step === '' || step.startsWith('/')) return straight;
  if (at.rest) {
    values.push(steps.slice(from).join('/'));
    return at.rest;
  }
  if (!at.hole) return undefined;
  const mark = values.push(step);
  const found = walk(at.hole, steps, from + 1, values);
  if (!found) values.length = mark - 1;
  return found;
}
