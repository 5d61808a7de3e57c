import type { NewMcpConfig } from '../../../contract/mcpConfigs.ts';
import type { Issue } from '../../../contract/shared/errors.ts';
import { inconsistentValues } from '../../../contract/shared/fields.ts';
import { jsonPointer } from '../../../contract/shared/input.ts';
import type { Scope } from '../../http/scope.ts';
import { allowProgram, isProgramName } from '../../platform/config/allowedPrograms.ts';
import { failWith, invalid, invalidField } from '../../platform/failure.ts';
import { type OutboundClient, OutboundDenied } from '../../platform/outbound/outbound.ts';
import type { McpConfigRow } from './queries.ts';

/** Throws 403 `stdio_requires_platform_admin`. Only platform admins may configure programs that run on the worker. */
export function checkTransport({ isPlatformAdmin }: Scope, transport: McpConfigRow['transport']): void {
  if (transport === 'stdio' && !isPlatformAdmin)
    throw failWith('forbidden', 'stdio_requires_platform_admin', 'Only an admin of the platform may have programs run.');
}

/**
 * Checks a program against `ARKLOOP_MCP_STDIO_ALLOWLIST`. Throws 403 `command_not_allowed` for the program, its arguments or its working
 * directory, 400 `variable_not_allowed` for an environment variable.
 */
export function checkProgram({ app }: Scope, { transport, command, args, cwd, env }: NewMcpConfig): void {
  if (transport !== 'stdio' || !command) return;
  if (!isProgramName(command)) throw invalidField('/command', 'must be the name of a program or an absolute path', 'invalid_command');
  const admitted = allowProgram(app.config.mcpStdioAllowlist, { command, args, cwd: cwd ?? null, env });
  if (!('what' in admitted)) return;
  if (admitted.what === 'variable') throw invalidField(jsonPointer(['env', admitted.name]), 'must not be set here', 'variable_not_allowed');
  throw failWith('forbidden', 'command_not_allowed', 'This installation does not let tool servers be this program with these arguments.');
}

type Fields = Partial<Pick<NewMcpConfig, 'url' | 'bearer_token' | 'command' | 'args' | 'cwd' | 'env'>>;

const isGiven: Record<keyof Fields, (fields: Fields) => boolean> = {
  url: ({ url }) => Boolean(url),
  bearer_token: ({ bearer_token: token }) => Boolean(token),
  command: ({ command }) => Boolean(command),
  args: ({ args = [] }) => args.length > 0,
  cwd: ({ cwd }) => Boolean(cwd),
  env: ({ env = {} }) => Object.keys(env).length > 0,
};
const httpFields = ['url', 'bearer_token'] as const;
const stdioFields = ['command', 'args', 'cwd', 'env'] as const;

/** Throws 400 for fields that the transport does not support, and for `needed` if it is missing. */
export function checkFields(transport: McpConfigRow['transport'], fields: Fields, needed: 'url' | 'command' | undefined): void {
  const foreign = (transport === 'stdio' ? httpFields : stdioFields).filter((name) => isGiven[name](fields));
  const issue = (name: string, message: string): Issue => ({ location: 'body', path: `/${name}`, message });
  const issues = foreign.map((name) => issue(name, `is not for transport ${transport}`));
  if (needed && !isGiven[needed](fields)) issues.push(issue(needed, `is needed for transport ${transport}`));
  if (issues.length > 0) throw invalid(issues, inconsistentValues.reason);
}

/** The URL to store. DNS is not resolved here, but on every request. Throws 400 with the reason. */
export function readUrl(outbound: OutboundClient, url: string | null | undefined): string | null {
  if (!url) return null;
  try {
    outbound.check(url, 'web');
    return url;
  } catch (error) {
    if (error instanceof OutboundDenied) throw invalidField('/url', error.message, error.reason);
    throw error;
  }
}
