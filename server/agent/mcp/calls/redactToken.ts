import { ToolFailure } from '../../tools/tool.ts';
import { secretsOf, type Server } from '../server.ts';

/** Shorter tokens could occur in ordinary words. */
const minSecretLength = 8;

/** Characters of an error message that a model reads. */
const maxMessageChars = 1_000;

/**
 * Runs a call and removes the server's tokens from its result or error. Results are stored in events, which more users
 * can read than can manage the server. Error messages are cut to 1 000 characters.
 */
export async function redactToken<T>(server: Server, call: () => Promise<T>): Promise<T> {
  // The tokens may be renewed during the call.
  const masked = <V>(value: V): V => redact(server, value);
  try {
    return masked(await call());
  } catch (error) {
    if (!(error instanceof ToolFailure)) throw error;
    const { errorClass, message, details, cause } = error;
    const said = masked(message).slice(0, maxMessageChars).toWellFormed();
    throw Object.assign(new ToolFailure(errorClass, said, masked(details)), { cause });
  }
}

/** A copy of a value without the tokens of the server. */
export const redact = <T>(server: Server, value: T): T => secretsOf(server).reduce((rest, token) => without(token, rest), value);

function without<T>(secret: string, value: T): T {
  const json = secret.length < minSecretLength ? undefined : JSON.stringify(value);
  if (!json?.includes(JSON.stringify(secret).slice(1, -1))) return value;
  return JSON.parse(json, (_name, each) => (typeof each === 'string' ? each.replaceAll(secret, '******') : each));
}
