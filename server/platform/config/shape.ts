import type { configVariables, Variable } from './configVariables.ts';

/** The roles of a process: everything, one part, or a command that ends: the schema migration, or the re-sealing with a new key. */
export const roles = ['all', 'api', 'worker', 'gateway', 'migrate', 'rotate'] as const;
export type Role = (typeof roles)[number];

type Camel<S extends string> = S extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : S;
type Property<Name> = Name extends `ARKLOOP_${infer Rest}` ? Camel<Lowercase<Rest>> : never;
type Chapters = (typeof configVariables)[keyof typeof configVariables];
type Rows<Chapter> = Chapter extends unknown
  ? { [Name in keyof Chapter as Property<Name>]: Chapter[Name] extends Variable<infer T> ? T : never }
  : never;
type Merged<Union> = (Union extends unknown ? (each: Union) => void : never) extends (all: infer All) => void ? All : never;

/** Each variable under its name without the prefix, in camel case: `ARKLOOP_API_ADDR` is `apiAddr`. */
export type Config = Readonly<{ [Name in keyof Merged<Rows<Chapters>>]: Merged<Rows<Chapters>>[Name] }>;
