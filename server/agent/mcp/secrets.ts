import { ToolFailure } from '../tools/tool.ts';

/** Shorter tokens occur in words that are no secrets. */
const shortestSecret = 8;

/** Characters of a message that a model reads. */
const longestMessage = 1_000;

/**
 * Does a call, and takes the token of the server out of all that the server says to it: it would go into events, which more people read than
 * manage the server. Throws what `call` throws, with messages of at most 1 000 characters.
 */
export async function discreet<T>(token: string, call: () => Promise<T>): Promise<T> {
  try {
    return without(token, await call());
  } catch (error) {
    if (!(error instanceof ToolFailure)) throw error;
    const { errorClass, message, details, cause } = error;
    const said = without(token, message).slice(0, longestMessage).toWellFormed();
    throw Object.assign(new ToolFailure(errorClass, said, without(token, details)), { cause });
  }
}

/** The same JSON with stars where its texts hold the secret. */
function without<T>(secret: string, value: T): T {
  const json = secret.length < shortestSecret ? undefined : JSON.stringify(value);
  if (!json?.includes(JSON.stringify(secret).slice(1, -1))) return value;
  return JSON.parse(json, (_name, each) => (typeof each === 'string' ? each.replaceAll(secret, '******') : each));
}
