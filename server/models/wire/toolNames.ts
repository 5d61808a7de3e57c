import { createHash } from 'node:crypto';

/** Maps tool names to names that providers accept, `[A-Za-z0-9_-]{1,64}`, and back. */
export type ToolNames = { upstream(name: string): string; original(name: string): string };

const acceptable = /^[A-Za-z0-9_-]{1,64}$/;

function spelled(name: string) {
  const plain = name.replaceAll('.', '__').replace(/[^A-Za-z0-9_-]/g, '_');
  return acceptable.test(plain) ? plain : hashed(name);
}

const hashed = (name: string) =>
  `${name.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 55)}_${createHash('sha256').update(name).digest('hex').slice(0, 8)}`;

/**
 * Maps the names of one request. A name maps to the same spelling in every turn. On a collision, the name that was not
 * acceptable gets a hash.
 */
export function createToolNames(names: string[]): ToolNames {
  const upstream = new Map<string, string>();
  const original = new Map<string, string>();
  const add = (name: string) => {
    const plain = acceptable.test(name) ? name : spelled(name);
    const free = original.has(plain) ? hashed(name) : plain;
    upstream.set(name, free);
    original.set(free, name);
    return free;
  };
  const distinct = [...new Set(names)];
  for (const name of distinct.filter((each) => acceptable.test(each))) add(name);
  for (const name of distinct.filter((each) => !acceptable.test(each)).sort()) add(name);
  return { upstream: (name) => upstream.get(name) ?? add(name), original: (name) => original.get(name) ?? name };
}
