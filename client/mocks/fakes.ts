import { en, Faker } from '@faker-js/faker';
import { z } from 'zod';
import { fake, seed as seedAll, setFaker } from 'zod-schema-faker/v4';
import type { Schema } from '../../contract/shared/route.ts';

/** Invented values that depend on the seed alone. */
export type Fakes = {
  /** A value of a schema; the same for the same key, whatever was asked for before. */
  of<S extends Schema>(schema: S, key: string): z.output<S>;
  /** A new id (UUID version 7). */
  id(now: number): string;
  /** `length` hex digits that were not there before. */
  hex(length: number): string;
  /** A number from 0 up to 1. */
  chance(): number;
  /** Fakes of their own for something that goes on beside everything else, so that neither changes the other's values. */
  branch(key: string): Pick<Fakes, 'id' | 'hex'>;
};

/** Fakes from a seed; times lie around `start`. */
export function createFakes(seed: number, start: number): Fakes {
  const values = new Faker({ locale: [en] });
  const sequence = sequenceOf(seed);
  values.setDefaultRefDate(start);
  return {
    of(schema, key) {
      setFaker(values);
      seedAll(hashOf(`${seed} ${key}`));
      const made = fake(schema);
      for (const value of [tame(made, start), made]) {
        const { data, error } = z.safeParse(schema, value);
        // Published as the contract has it: ids in lower case.
        if (!error) return data;
        // A rule that no faker can see: what it refuses is left out, if the shape can do without.
        for (const { path } of error.issues) leaveOut(value, path);
        const rest = z.safeParse(schema, value);
        if (rest.success) return rest.data;
      }
      throw new Error(`No value could be made up for ${key}.`);
    },
    ...sequence,
    branch: (key) => sequenceOf(hashOf(`${seed} ${key}`)),
  };
}

function sequenceOf(seed: number): Pick<Fakes, 'id' | 'hex' | 'chance'> {
  const faker = new Faker({ locale: [en] });
  faker.seed(seed);
  return {
    id: (now) => faker.string.uuid({ version: 7, refDate: now }),
    hex: (length) => faker.string.hexadecimal({ length, casing: 'lower', prefix: '' }),
    chance: () => faker.number.float(),
  };
}

/** 32 bits of a text (FNV-1a). */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

function leaveOut(value: unknown, path: readonly PropertyKey[]) {
  const holder = path.slice(0, -1).reduce((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], value);
  if (typeof holder === 'object' && holder !== null) delete (holder as Record<PropertyKey, unknown>)[path.at(-1)!];
}

const most = 1_000_000;
const month = 30 * 86_400_000;

/** Values that a page can show: an integer without bounds would have 16 digits and often be negative, and a time lie in the year 5000. */
function tame(value: unknown, start: number, name = ''): unknown {
  if (typeof value === 'number') {
    if (name === 'year') return new Date(start).getUTCFullYear();
    return Math.abs(value) > most ? Math.round(Math.abs(value) % most) : value;
  }
  if (typeof value === 'string') return recent(value, start);
  if (Array.isArray(value)) return value.map((each) => tame(each, start));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, tame(inner, start, key)]));
}

/** A time or a day as one of the last month. */
function recent(text: string, start: number): string {
  const match = /^\d{4}-\d\d-\d\d(T[\d:.]+Z)?$/.exec(text);
  if (!match) return text;
  const moved = new Date(start - (Math.abs(Date.parse(text)) % month)).toISOString();
  return match[1] ? moved : moved.slice(0, 10);
}
