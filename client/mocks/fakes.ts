import { en, Faker } from '@faker-js/faker';
import { z } from 'zod';
import { fake, seed as seedAll, setFaker } from 'zod-schema-faker/v4';
import type { Schema } from '../../contract/shared/route.ts';

/** Fake values, determined by the seed. */
export type Fakes = {
  /** A value of a schema. It depends on the key only, not on earlier calls. */
  of<S extends Schema>(schema: S, key: string): z.output<S>;
  /** A new UUIDv7. */
  id(now: number): string;
  /** `length` random hex digits. */
  hex(length: number): string;
  /** A number in [0, 1). */
  chance(): number;
  /** An independent sequence for concurrent work such as a run, so that the interleaving does not change the values. */
  branch(key: string): Pick<Fakes, 'id' | 'hex'>;
};

/** Fake times are in the month before `start`. `turn` starts another sequence of ids with the same fake values. */
export function createFakes(seed: number, start: number, turn?: string): Fakes {
  const values = new Faker({ locale: [en] });
  const sequence = sequenceOf(turn === undefined ? seed : hashOf(`${seed} ${turn}`));
  values.setDefaultRefDate(start);
  return {
    of(schema, key) {
      setFaker(values);
      // About one value of a hundred fails a refinement even without the fields that it names: make another one up.
      for (let attempt = 0; attempt < 10; attempt++) {
        seedAll(hashOf(`${seed} ${key}${attempt || ''}`));
        const made = fake(schema);
        for (const value of [makeRealistic(made, start), made]) {
          const { data, error } = z.safeParse(schema, value);
          // The parsed value: the contract transforms ids to lower case.
          if (!error) return data;
          // Refinements are invisible to the faker: drop the fields that fail if the schema is valid without them.
          for (const { path } of error.issues) removePath(value, path);
          const rest = z.safeParse(schema, value);
          if (rest.success) return rest.data;
        }
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

/** 32-bit FNV-1a. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

function removePath(value: unknown, path: readonly PropertyKey[]) {
  const holder = path.slice(0, -1).reduce((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], value);
  if (typeof holder === 'object' && holder !== null) delete (holder as Record<PropertyKey, unknown>)[path.at(-1)!];
}

const maxNumber = 1_000_000;
const month = 30 * 86_400_000;

/** Makes values realistic: unbounded fake integers have 16 digits and may be negative, fake times may be in the year 5000. */
function makeRealistic(value: unknown, start: number, name = ''): unknown {
  if (typeof value === 'number') {
    if (name === 'year') return new Date(start).getUTCFullYear();
    return Math.abs(value) > maxNumber ? Math.round(Math.abs(value) % maxNumber) : value;
  }
  if (typeof value === 'string') return shiftToLastMonth(value, start);
  if (Array.isArray(value)) return value.map((each) => makeRealistic(each, start));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, makeRealistic(inner, start, key)]));
}

/** Maps a timestamp or a date into the month before `start`. */
function shiftToLastMonth(text: string, start: number): string {
  const match = /^\d{4}-\d\d-\d\d(T[\d:.]+Z)?$/.exec(text);
  if (!match) return text;
  const moved = new Date(start - (Math.abs(Date.parse(text)) % month)).toISOString();
  return match[1] ? moved : moved.slice(0, 10);
}
