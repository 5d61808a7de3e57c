import { readFileSync } from 'node:fs';
import { parse } from 'dotenv';
import { contradictions } from './config/rules.ts';
import { table, type Variable } from './config/table.ts';
import { OperatorError } from './operatorError.ts';

export type { Address } from './config/kinds.ts';
export { unknownVariables } from './config/unknown.ts';
export { OperatorError } from './operatorError.ts';

/** What a process does: everything, one part, or only the schema. */
export const roles = ['all', 'api', 'worker', 'gateway', 'migrate'] as const;
/** One of the roles. */
export type Role = (typeof roles)[number];

type Camel<S extends string> = S extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : S;
type Property<Name> = Name extends `ARKLOOP_${infer Rest}` ? Camel<Lowercase<Rest>> : never;
type Chapters = (typeof table)[keyof typeof table];
type Rows<Chapter> = Chapter extends unknown
  ? { [Name in keyof Chapter as Property<Name>]: Chapter[Name] extends Variable<infer T> ? T : never }
  : never;
type Merged<Union> = (Union extends unknown ? (each: Union) => void : never) extends (all: infer All) => void ? All : never;

/** Every variable under its name without the prefix, in camel case: `ARKLOOP_API_ADDR` is `apiAddr`. */
export type Config = Readonly<{ [Name in keyof Merged<Rows<Chapters>>]: Merged<Rows<Chapters>>[Name] }>;

/** The name of a variable in `Config`. */
export const propertyOf = (name: string) =>
  name
    .replace('ARKLOOP_', '')
    .toLowerCase()
    .replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());

/** The text of a variable or of its first alias that is set; blank counts as unset. */
function textOf(env: NodeJS.ProcessEnv, name: string, { aliases = [] }: Variable) {
  for (const alias of [{ name }, ...aliases]) {
    const text = env[alias.name];
    if (text?.trim()) return { from: alias.name, text: 'as' in alias && alias.as ? alias.as(text) : text };
  }
}

function readVariables(env: NodeJS.ProcessEnv, role: Role) {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, variable] of Object.values(table).flatMap((chapter) => Object.entries<Variable>(chapter))) {
    const preset = role === 'all' ? (variable.presetInAll ?? variable.preset) : variable.preset;
    const { from, text } = textOf(env, name, variable) ?? { from: name, text: preset };
    const read = text === undefined ? { success: true, data: undefined } : variable.kind.read.safeParse(text);
    if (!read.success) problems.push(`${from}: expected ${from === 'PORT' ? 'a port from 0 to 65535' : variable.kind.expected}`);
    values[propertyOf(name)] = read.data;
  }
  return { problems, values };
}

/** The environment, completed from the dotenv file when ARKLOOP_LOAD_DOTENV asks for it. */
export function withDotenv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { ARKLOOP_LOAD_DOTENV: wanted, ARKLOOP_DOTENV_FILE: file } = table.General;
  if (wanted.kind.read.safeParse(env.ARKLOOP_LOAD_DOTENV ?? '').data !== true) return env;
  const name = env.ARKLOOP_DOTENV_FILE?.trim() || file.preset;
  if (name === undefined) return env;
  try {
    const real = Object.entries(env).filter(([, text]) => text?.trim());
    return { ...parse(readFileSync(name)), ...Object.fromEntries(real) };
  } catch {
    throw new OperatorError('ARKLOOP_DOTENV_FILE: expected a readable file');
  }
}

/** Read the configuration; throws one OperatorError with a line for every wrong variable, none of which shows a value. */
export function readConfig(env: NodeJS.ProcessEnv, role: Role = 'all'): Config {
  const { problems, values } = readVariables(withDotenv(env), role);
  if (problems.length > 0) throw new OperatorError(problems.join('\n'));
  const config = values as Config;
  const contradicting = contradictions(config, role);
  if (contradicting.length > 0) throw new OperatorError(contradicting.join('\n'));
  return config;
}
