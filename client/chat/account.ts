import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ApiError, type Client, createClient } from '../index.ts';
import { ChatError } from './options.ts';

/** `made`: the chat registered this user itself. */
type SignIn = { login: string; password: string; made: boolean };

type Credentials = { login: string; password: string };

/** What the chat asks a person. `credentials` is undefined to sign in with stored ones, or as a new user. */
export type SignInPrompts = { credentials: (() => Promise<Credentials>) | undefined; code: (question: string) => Promise<string> };

/** A challenge of the server takes five. */
const maxCodes = 3;

/** Returns a signed-in client: with the credentials that are asked for, else with those stored for this server, else as a newly registered user. */
export async function openClient(api: string, file: string, prompts: SignInPrompts): Promise<Client> {
  const client = createClient({ baseUrl: api, headers: { 'x-client-app': 'arkloop-chat' } });
  const known = await readSignIns(file);
  if (prompts.credentials) {
    const credentials = await prompts.credentials();
    await logIn(client, credentials, prompts);
    await writeSignIns(file, { ...known, [api]: { ...credentials, made: false } });
    return client;
  }
  const remembered = known[api];
  if (remembered && (await signedIn(client, remembered, prompts))) return client;
  const made = await register(client);
  await writeSignIns(file, { ...known, [api]: made });
  return client;
}

/** Asks for a code if the user has a second factor. The code is not stored, so it is asked for at every start. */
async function logIn(client: Client, { login, password }: Credentials, { code }: SignInPrompts) {
  try {
    await client.auth.login({ body: { login, password } });
  } catch (error) {
    if (!(error instanceof ApiError && error.reason === 'second_factor_required')) throw error;
    await answerChallenge(client, String(error.details.challenge_token), code);
  }
}

async function answerChallenge(client: Client, challenge_token: string, ask: SignInPrompts['code']) {
  for (let count = 1; ; count++) {
    const code = await ask(count === 1 ? 'Code of your authenticator app: ' : 'The code is not valid. Code: ');
    try {
      return await client.auth.verifySecondFactor({ body: { challenge_token, code } });
    } catch (error) {
      if (!(error instanceof ApiError && error.reason === 'second_factor_invalid') || count === maxCodes) throw error;
    }
  }
}

/** Returns false if the server no longer knows a user that the chat registered, for example after a restart with an empty database. */
async function signedIn(client: Client, { login, password, made }: SignIn, prompts: SignInPrompts) {
  try {
    await logIn(client, { login, password }, prompts);
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
