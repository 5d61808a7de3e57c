import type { PasskeyAssertion, PasskeyAttestation, PasskeyOptions } from '../../../client/index.ts';
import { client } from './session.ts';

/** Browsers offer passkeys only to pages with https, and to localhost. */
export const canUsePasskeys = (): boolean =>
  typeof PublicKeyCredential === 'function' && typeof PublicKeyCredential.parseRequestOptionsFromJSON === 'function';

type RequestOptions = PublicKeyCredentialRequestOptionsJSON;
type CreationOptions = PublicKeyCredentialCreationOptionsJSON;

/** Lets the browser make a passkey. */
export async function createPasskey({ public_key: options }: PasskeyOptions): Promise<PasskeyAttestation> {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options as unknown as CreationOptions);
  return jsonOf(await ask(() => navigator.credentials.create({ publicKey }))) as PasskeyAttestation;
}

/** Lets the user choose a passkey. */
async function getPasskey({ public_key: options }: PasskeyOptions): Promise<PasskeyAssertion> {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options as unknown as RequestOptions);
  return jsonOf(await ask(() => navigator.credentials.get({ publicKey }))) as PasskeyAssertion;
}

/** With the challenge of a sign-in, as its second factor. */
export async function signInWithPasskey(challengeToken?: string): Promise<void> {
  const options = await client.passkeys.signInOptions({ body: { challenge_token: challengeToken } });
  await client.passkeys.signIn({ body: { credential: await getPasskey(options) } });
}

/** For ten minutes, the session needs neither password nor code. */
export async function confirmWithPasskey(): Promise<void> {
  const options = await client.passkeys.confirmationOptions();
  await client.passkeys.confirm({ body: { credential: await getPasskey(options) } });
}

async function ask(how: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
  try {
    const credential = await how();
    if (credential) return credential as PublicKeyCredential;
  } catch (error) {
    const text = messages[(error as DOMException).name];
    if (text === undefined) throw error;
    throw new Error(text, { cause: error });
  }
  throw new Error(messages.NotAllowedError);
}

/** By the names of exceptions (WebAuthn Level 3, sections 5.1.3 and 5.1.4). */
const messages: Readonly<Record<string, string>> = {
  NotAllowedError: 'No passkey was used: the browser has none for this site, or you canceled.',
  InvalidStateError: 'This device or password manager has a passkey of yours already.',
  SecurityError: 'Passkeys do not work at this address. Open the page under its public host name.',
};

/** Buffers as base64url. */
const jsonOf = (credential: PublicKeyCredential): unknown => credential.toJSON();
