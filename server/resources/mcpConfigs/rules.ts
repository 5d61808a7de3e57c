import type { NewMcpConfig } from '../../../contract/mcpConfigs.ts';
import type { Issue } from '../../../contract/shared/errors.ts';
import { pointer } from '../../../contract/shared/input.ts';
import { invalid, invalidField, refuse } from '../../kernel/failure.ts';
import { type Outbound, OutboundDenied } from '../../kernel/outbound.ts';
import { admitProgram, isProgramName } from '../../kernel/programs.ts';
import type { Scope } from '../../kernel/scope.ts';
import type { McpConfigRow } from './queries.ts';

/** A program on the worker is for admins of the platform only: 403 `stdio_requires_platform_admin`. */
export function checkTransport({ isPlatformAdmin }: Scope, transport: McpConfigRow['transport']): void {
  if (transport === 'stdio' && !isPlatformAdmin)
    throw refuse('forbidden', 'stdio_requires_platform_admin', 'Only an admin of the platform may have programs run.');
}

/**
 * What the installation does not let a tool server be: 403 `command_not_allowed` for a program, its arguments or its folder, 400
 * `variable_not_allowed` for a variable.
 */
export function checkProgram({ app }: Scope, { transport, command, args, cwd, env }: NewMcpConfig): void {
  if (transport !== 'stdio' || !command) return;
  if (!isProgramName(command)) throw invalidField('/command', 'must be the name of a program or an absolute path');
  const admitted = admitProgram(app.config.mcpStdioAllowlist, { command, args, cwd: cwd ?? null, env });
  if (!('what' in admitted)) return;
  if (admitted.what === 'variable') throw invalidField(pointer(['env', admitted.name]), 'must not be set here', 'variable_not_allowed');
  throw refuse('forbidden', 'command_not_allowed', 'This installation does not let tool servers be this program with these arguments.');
}

type Fields = Partial<Pick<NewMcpConfig, 'url' | 'bearer_token' | 'command' | 'args' | 'cwd' | 'env'>>;

const given: Record<keyof Fields, (fields: Fields) => boolean> = {
  url: ({ url }) => Boolean(url),
  bearer_token: ({ bearer_token: token }) => Boolean(token),
  command: ({ command }) => Boolean(command),
  args: ({ args = [] }) => args.length > 0,
  cwd: ({ cwd }) => Boolean(cwd),
  env: ({ env = {} }) => Object.keys(env).length > 0,
};
const ofHttp = ['url', 'bearer_token'] as const;
const ofStdio = ['command', 'args', 'cwd', 'env'] as const;

/** Refuses what a transport has no use for, and what it lacks: 400. */
export function checkFields(transport: McpConfigRow['transport'], fields: Fields, needed: 'url' | 'command' | undefined): void {
  const foreign = (transport === 'stdio' ? ofHttp : ofStdio).filter((name) => given[name](fields));
  const issue = (name: string, message: string): Issue => ({ location: 'body', path: `/${name}`, message });
  const issues = foreign.map((name) => issue(name, `is not for transport ${transport}`));
  if (needed && !given[needed](fields)) issues.push(issue(needed, `is needed for transport ${transport}`));
  if (issues.length > 0) throw invalid(issues);
}

/** A URL as it is stored. Which addresses its name leads to is asked at every request again. Throws 400 with the reason. */
export function readUrl(outbound: Outbound, url: string | null | undefined): string | null {
  if (!url) return null;
  try {
    outbound.check(url, 'web');
    return url;
  } catch (error) {
    if (error instanceof OutboundDenied) throw invalidField('/url', error.message, error.reason);
    throw error;
  }
}
