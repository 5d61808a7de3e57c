import { actionNames, paramNames, pathSegments, pathsOf } from './path.ts';

type Entry<T> = { names: readonly string[]; value: T };
type Node<T> = { literals: Map<string, Node<T>>; param?: Node<T>; rest?: Node<T>; entries: Map<string, Entry<T>> };
const node = <T>(): Node<T> => ({ literals: new Map(), entries: new Map() });

export type Match<T> = { value: T; params: Record<string, string> };

/** A tree of path templates, and of the aliases of actions. Literal segments take precedence over parameters. */
export class RouteTable<T> {
  readonly #root = node<T>();

  add(method: string, template: string, value: T) {
    for (const path of pathsOf(template)) {
      const steps = pathSegments(path);
      const action = steps.at(-1)!;
      if (action.startsWith('/') && !actionNames.some((name) => action === `/${name}`))
        throw new Error(`${path}: add the name to actionNames`);
      const { entries } = steps.reduce(child, this.#root);
      if (entries.has(method)) throw new Error(`${method} ${path} is declared twice`);
      entries.set(method, { names: paramNames(path), value });
    }
  }

  /** Returns the route, or the methods of the path if it has no such method, or undefined for an unknown path. */
  find(method: string, path: string): Match<T> | { allow: string[] } | undefined {
    const steps = pathSegments(path);
    const values: string[] = [];
    const entries = findNode(this.#root, steps, 0, values)?.entries;
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
    at.param ??= node();
    return at.param;
  }
  const next = at.literals.get(step) ?? node<T>();
  at.literals.set(step, next);
  return next;
}

/** Collects the parameter values in `values`, and removes them again when it backtracks. */
function findNode<T>(at: Node<T>, steps: readonly string[], from: number, values: string[]): Node<T> | undefined {
  const step = steps[from];
  if (step === undefined) return at.entries.size > 0 ? at : undefined;
  const fixed = at.literals.get(step);
  const straight = fixed && findNode(fixed, steps, from + 1, values);
  if (straight || step === '' || step.startsWith('/')) return straight;
  if (at.rest) {
    // The last segment is not an action here: `llama:8b` is a value.
    values.push(steps.slice(from).reduce((path, step) => (step.startsWith('/') ? `${path}:${step.slice(1)}` : `${path}/${step}`)));
    return at.rest;
  }
  if (!at.param) return undefined;
  const mark = values.push(step);
  const found = findNode(at.param, steps, from + 1, values);
  if (!found) values.length = mark - 1;
  return found;
}
