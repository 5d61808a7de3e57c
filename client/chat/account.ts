import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ApiError, type Client, createClient } from '../index.ts';
import { ChatError } from './options.ts';

/** `made`: the chat registered this user itself. */
type SignIn = { login: string; password: string; made: boolean };

export type AskCredentials = () => Promise<{ login: string; password: string }>;

/** Returns a signed-in client: with the credentials from `ask`, else with those stored for this server, else as a newly registered user. */
export async function openClient(api: string, file: string, ask: AskCredentials | undefined): Promise<Client> {
  const client = createClient({ baseUrl: api, headers: { 'x-client-app': 'arkloop-chat' } });
  const known = await readSignIns(file);
  if (ask) {
    const credentials = await ask();
    await client.auth.login({ body: credentials });
    await writeSignIns(file, { ...known, [api]: { ...credentials, made: false } });
    return client;
  }
  const remembered = known[api];
  if (remembered && (await signedIn(client, remembered))) return client;
  const made = await register(client);
  await writeSignIns(file, { ...known, [api]: made });
  return client;
}

/** Returns false if the server no longer knows a user that the chat registered, for example after a restart with an empty database. */
async function signedIn(client: Client, { login, password, made }: SignIn) {
  try {
    await client.auth.login({ body: { login, password } });
    return true;
  } catch (error) {
    if (!(error instanceof ApiError && error.reason === 'invalid_credentials')) throw error;
    if (!made) throw new ChatError(`The remembered password of ${login} is no longer right: use --login.`);
    return false;
  }
}

async function register(client: Client): Promise<SignIn> {
  const login = `chat-${randomBytes(6).toString('hex')}`;
  const password = `${randomBytes(24).toString('base64url')}-a1`;
  try {
    await client.auth.register({ body: { login, password, email: `${login}@chat.invalid` } });
  } catch (error) {
    const closed = ['registration_disabled', 'invite_code_required', 'captcha_required'];
    if (error instanceof ApiError && closed.includes(error.reason ?? ''))
      throw new ChatError(`This server does not let the chat register a user (${error.reason}): use --login.`);
    throw error;
  }
  return { login, password, made: true };
}

async function readSignIns(file: string): Promise<Record<string, SignIn>> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new ChatError(`${file} cannot be read: ${(error as Error).message}`);
  }
}

/** Atomic by rename, mode 0600: the file holds passwords. */
async function writeSignIns(file: string, signIns: Record<string, SignIn>) {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const fresh = `${file}.${process.pid}`;
  await writeFile(fresh, `${JSON.stringify(signIns, null, 2)}\n`, { mode: 0o600 });
  await rename(fresh, file);
}
