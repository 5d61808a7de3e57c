import type { configVariables, Variable } from './configVariables.ts';

/** Commands that change keys and end: the re-sealing with a new encryption key, and a new key for proofs of erasure. */
const rotations = ['rotate', 'rotate-erasure-key'] as const;
/** The roles of a process: everything, one part, or a command that ends. */
export const roles = ['all', 'api', 'worker', 'gateway', 'migrate', ...rotations] as const;
export type Role = (typeof roles)[number];
export type Rotation = (typeof rotations)[number];

export const isRotation = (role: string): role is Rotation => (rotations as readonly string[]).includes(role);

type Camel<S extends string> = S extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : S;
type Property<Name> = Name extends `ARKLOOP_${infer Rest}` ? Camel<Lowercase<Rest>> : never;
type Chapters = (typeof configVariables)[keyof typeof configVariables];
type Rows<Chapter> = Chapter extends unknown
  ? { [Name in keyof Chapter as Property<Name>]: Chapter[Name] extends Variable<infer T> ? T : never }
  : never;
type Merged<Union> = (Union extends unknown ? (each: Union) => void : never) extends (all: infer All) => void ? All : never;

/** Each variable under its name without the prefix, in camel case: `ARKLOOP_API_ADDR` is `apiAddr`. */
export type Config = Readonly<{ [Name in keyof Merged<Rows<Chapters>>]: Merged<Rows<Chapters>>[Name] }>;
