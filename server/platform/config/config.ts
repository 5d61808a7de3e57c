import { readFileSync } from 'node:fs';
import { parse } from 'dotenv';
import { OperatorError } from '../operatorError.ts';
import { configVariables, type Variable } from './configVariables.ts';
import { contradictions } from './rules.ts';
import type { Config, Role } from './shape.ts';

export { OperatorError } from '../operatorError.ts';
export { type Config, isRotation, type Role, roles, type Rotation } from './shape.ts';
export { unknownVariables } from './unknownVariables.ts';

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
  for (const [name, variable] of Object.values(configVariables).flatMap((chapter) => Object.entries<Variable>(chapter))) {
    const preset =
      (role === 'all' ? variable.defaultTextInAll : undefined) ??
      (env.ARKLOOP_ENV?.trim() === 'production' ? variable.defaultTextInProduction : undefined) ??
      variable.defaultText;
    const { from, text } = textOf(env, name, variable) ?? { from: name, text: preset };
    const read = text === undefined ? { success: true, data: undefined } : variable.kind.schema.safeParse(text);
    if (!read.success) problems.push(`${from}: expected ${from === 'PORT' ? 'a port from 0 to 65535' : variable.kind.expected}`);
    values[propertyOf(name)] = read.data;
  }
  return { problems, values };
}

/** The environment with the variables of the dotenv file, if `ARKLOOP_LOAD_DOTENV` is set. Variables of the environment take precedence. */
export function withDotenv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { ARKLOOP_LOAD_DOTENV: wanted, ARKLOOP_DOTENV_FILE: file } = configVariables.General;
  if (wanted.kind.schema.safeParse(env.ARKLOOP_LOAD_DOTENV ?? '').data !== true) return env;
  const name = env.ARKLOOP_DOTENV_FILE?.trim() || file.defaultText;
  if (name === undefined) return env;
  try {
    const real = Object.entries(env).filter(([, text]) => text?.trim());
    return { ...parse(readFileSync(name)), ...Object.fromEntries(real) };
  } catch {
    throw new OperatorError('ARKLOOP_DOTENV_FILE: expected a readable file');
  }
}

/** Throws one `OperatorError` with a line for each invalid variable. The lines never contain values. */
export function readConfig(env: NodeJS.ProcessEnv, role: Role = 'all'): Config {
  const { problems, values } = readVariables(withDotenv(env), role);
  if (problems.length > 0) throw new OperatorError(problems.join('\n'));
  const config = values as Config;
  const contradicting = contradictions(config, role);
  if (contradicting.length > 0) throw new OperatorError(contradicting.join('\n'));
  return config;
}
