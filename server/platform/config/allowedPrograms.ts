import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { z } from 'zod';

/** A program with its arguments, working directory and environment, from the configuration of a stdio tool server. */
export type Program = {
  command: string;
  args: string[];
  cwd: string | null;
  env: Record<string, string>;
};

/** Why a program is not started: the program, its arguments or its folder are not allowed, or one of its variables is not. */
export type ProgramDenial = { what: 'command' } | { what: 'variable'; name: string };

/**
 * Variables through which an interpreter, loader, shell or package manager loads code, options or programs, regardless of the arguments. For families
 * such as `PYTHON*`, every variable counts, because new versions add new ones.
 */
const loaderVariable = new RegExp(
  `^(?:${[
    'PATH|PATHEXT|COMSPEC|SHELL|ENV|IFS|CDPATH|PS4|PROMPT_COMMAND|SHELLOPTS|BASHOPTS|BASH_.*|ZDOTDIR|EDITOR|VISUAL|PAGER|BROWSER|LESSOPEN|LESSCLOSE',
    'LD_.*|DYLD_.*|GCONV_PATH|LOCPATH|GLIBC_TUNABLES|MALLOC_.*|OPENSSL_.*|SSLKEYLOGFILE',
    'NODE_.*|NPM_.*|PNPM_.*|YARN_.*|COREPACK_.*|BUN_.*|DENO_.*|TSX_.*|TS_NODE_.*|ELECTRON_.*',
    'PYTHON.*|PIP_.*|UV_.*|VIRTUAL_ENV|CONDA_.*|PERL.*|RUBY.*|GEM_.*|BUNDLE_.*|PHPRC|PHP_.*|LUA_.*|R_.*|JULIA_.*',
    'JAVA_.*|_JAVA_OPTIONS|JDK_.*|CLASSPATH|DOTNET_.*|COMPLUS_.*|CORECLR_.*|GO.*FLAGS|RUSTC.*|CARGO_.*|GIT_.*|SSH_ASKPASS',
  ].join('|')})$`,
  'i',
);

export const isLoaderVariable = (name: string): boolean => loaderVariable.test(name);

const isPattern = (source: string) => {
  try {
    return Boolean(new RegExp(source, 'v'));
  } catch {
    return false;
  }
};

const variable = /^([A-Za-z_][A-Za-z0-9_]*)(?:=(.*))?$/s;
const noNul = (text: string) => !text.includes('\0');

/** A bare name, which is looked up in the PATH of the worker, or an absolute path. */
export const isProgramName = (command: string): boolean =>
  command !== '' && noNul(command) && (isAbsolute(command) || !/[/\\]/.test(command));

/** An entry of `ARKLOOP_MCP_STDIO_ALLOWLIST`. */
const Allowed = z.strictObject({
  command: z.string().refine(isProgramName),
  args: z.array(z.string().refine(noNul)).default([]),
  more_args: z.string().refine(isPattern).optional(),
  cwd: z
    .string()
    .refine((folder) => isAbsolute(folder) && noNul(folder))
    .default('/'),
  env: z
    .array(
      z.string().refine((text) => {
        const [, name, value] = variable.exec(text) ?? [];
        return name !== undefined && (value === undefined ? !isLoaderVariable(name) : noNul(value));
      }),
    )
    .default([]),
});

export const AllowedPrograms = z.array(
  Allowed.transform(({ more_args: more, env, ...rest }) => {
    const variables = env.map((text) => variable.exec(text)!);
    return {
      ...rest,
      /** Each argument after the leading ones must match as a whole. */
      moreArgs: more === undefined ? undefined : new RegExp(`^(?:${more})$`, 'v'),
      /** `free`: variables that a configuration may set. `fixed`: variables that the operator sets. */
      free: new Set(variables.flatMap(([, name, value]) => (value === undefined ? [name!] : []))),
      fixed: Object.fromEntries(variables.flatMap(([, name, value]) => (value === undefined ? [] : [[name!, value]]))),
    };
  }),
);
export type AllowedProgram = z.output<typeof AllowedPrograms>[number];

const fits = ({ command, args, moreArgs, cwd }: AllowedProgram, program: Program) =>
  program.command === command &&
  args.every((arg, at) => program.args[at] === arg) &&
  program.args.slice(args.length).every((arg) => moreArgs?.test(arg) === true) &&
  (program.cwd === null || program.cwd === cwd);

/** The program as it may be started, or the reason why not. Without a list, every program, folder and variable is allowed except loader variables. */
export function allowProgram(allowed: readonly AllowedProgram[] | undefined, program: Program): Program | ProgramDenial {
  const entries = allowed?.filter((entry) => fits(entry, program));
  if (entries?.length === 0) return { what: 'command' };
  const deniedBy = (free: ReadonlySet<string> | undefined) =>
    Object.keys(program.env).find((name) => isLoaderVariable(name) || free?.has(name) === false);
  const entry = entries?.find(({ free }) => deniedBy(free) === undefined) ?? entries?.[0];
  const name = deniedBy(entry?.free);
  if (name !== undefined) return { what: 'variable', name };
  return { ...program, cwd: entry?.cwd ?? program.cwd ?? '/', env: { ...program.env, ...entry?.fixed } };
}

/** The absolute path of a program. A bare name is looked up in PATH. Throws an error with code `ENOENT` if it is not found. */
export function resolveProgram(command: string, path = process.env.PATH ?? ''): string {
  if (isAbsolute(command)) return command;
  const candidates = isProgramName(command) ? path.split(delimiter).filter(isAbsolute) : [];
  const found = candidates.map((folder) => join(folder, command)).find(isExecutable);
  if (!found) throw Object.assign(new Error('The program of a tool server was not found.'), { code: 'ENOENT' });
  return found;
}

function isExecutable(file: string) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
