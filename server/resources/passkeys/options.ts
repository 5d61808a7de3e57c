import type { PasskeyOptions } from '../../../contract/passkeys.ts';
import type { App } from '../../http/app.ts';
import { challengeSeconds } from './challenges.ts';
import type { DescriptorRow } from './queries.ts';
import { relyingParty } from './relyingParty.ts';
import { algorithms, userHandleOf } from './verify.ts';
import { webAuthn } from './webAuthn.ts';

type Challenge = Uint8Array<ArrayBuffer>;

const timeout = challengeSeconds * 1_000;
const descriptorsOf = (rows: readonly DescriptorRow[]) => rows.map(({ credential_id: id, transports }) => ({ id, transports }));
const viewOptions = (options: object): PasskeyOptions => ({ public_key: { ...options }, expires_in: challengeSeconds });

/** A passkey that names its user, and verifies them. Which product made it is not asked: any may be used. */
export async function creationOptions(
  app: App,
  {
    userId,
    login,
    username,
    challenge,
    existing,
  }: { userId: string; login: string; username: string; challenge: Challenge; existing: readonly DescriptorRow[] },
): Promise<PasskeyOptions> {
  const { id } = await relyingParty(app);
  const { generateRegistrationOptions } = await webAuthn();
  const options = await generateRegistrationOptions({
    rpName: 'Arkloop',
    rpID: id,
    userName: login,
    userDisplayName: username,
    userID: new Uint8Array(userHandleOf(userId)),
    challenge,
    timeout,
    attestationType: 'none',
    excludeCredentials: descriptorsOf(existing),
    supportedAlgorithmIDs: algorithms,
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
  });
  return viewOptions(options);
}

/** Without `allowed`, the browser offers all passkeys of this site. */
export async function requestOptions(app: App, challenge: Challenge, allowed?: readonly DescriptorRow[]): Promise<PasskeyOptions> {
  const { id } = await relyingParty(app);
  const { generateAuthenticationOptions } = await webAuthn();
  const options = await generateAuthenticationOptions({
    rpID: id,
    challenge,
    timeout,
    userVerification: 'required',
    ...(allowed && { allowCredentials: descriptorsOf(allowed) }),
  });
  return viewOptions(options);
}
