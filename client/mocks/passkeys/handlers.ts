import type { Passkey, PasskeyAssertion, PasskeyOptions, passkeys as routes } from '../../../contract/passkeys.ts';
import type { Caller, Engine, RouteHandlers } from '../context.ts';
import { apiError } from '../http/errors.ts';
import { signedIn, userSuspended } from '../resources/auth.ts';
import { openSession } from '../resources/people.ts';
import { requireCode, requirePassword } from '../resources/security.ts';
import { resourceType } from '../resourceTypes.ts';
import type { User } from '../state.ts';
import { challengeInvalid, issueChallenge, passkeyInvalid, takeChallenge } from './challenges.ts';

const kind = resourceType('/v1/me/passkeys');
const maxPasskeys = 20;

const idsOf = ({ passkeys = {} }: User) => Object.keys(passkeys);
const missing = () => apiError('conflict', 'passkey_missing', 'You have no passkey.');

const optionsFor = (challenge: string, more: Record<string, unknown>): PasskeyOptions => ({
  public_key: { challenge, timeout: 300_000, ...more },
  expires_in: 300,
});

const requestOptions = (challenge: string, user?: User) =>
  optionsFor(challenge, {
    rpId: 'localhost',
    userVerification: 'required',
    ...(user && { allowCredentials: idsOf(user).map((id) => ({ id, type: 'public-key' })) }),
  });

/** The ID of the user as authenticators store it: the bytes of the UUID in base64url. */
const userHandleOf = ({ id }: User) =>
  btoa(String.fromCharCode(...(id.replaceAll('-', '').match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16))))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');

/** Returns the user of the passkey, and records its use. Signatures are not verified. Throws 401 unless it is one of `userId`, if that is given. */
function acceptPasskey({ state, time }: Engine, { id: credentialId, response }: PasskeyAssertion, userId: string | undefined): User {
  const user = [...state.users.values()].find(({ passkeys }) => passkeys?.[credentialId]);
  if (!user || (userId !== undefined && user.id !== userId)) throw passkeyInvalid();
  if (response.userHandle && response.userHandle !== userHandleOf(user)) throw passkeyInvalid();
  const [row] = state.rows(kind, ({ value }) => value.id === user.passkeys![credentialId]);
  if (!row) throw passkeyInvalid();
  row.value.last_used_at = time();
  return user;
}

function requireRoom(user: User) {
  if (idsOf(user).length >= maxPasskeys) throw apiError('conflict', 'passkey_limit_reached', 'You have 20 passkeys. Delete one first.');
}

export const passkeys: Pick<
  RouteHandlers<typeof routes>,
  'signInOptions' | 'signIn' | 'registrationOptions' | 'register' | 'delete' | 'confirmationOptions' | 'confirm'
> = {
  signInOptions: ({ engine, body }) => {
    if (!body.challenge_token) return { status: 200, body: requestOptions(issueChallenge(engine, { purpose: 'sign_in' })) };
    const user = engine.state.users.get(body.challenge_token);
    if (!user?.secondFactor?.enabledAt) throw challengeInvalid();
    if (idsOf(user).length === 0) throw missing();
    return { status: 200, body: requestOptions(issueChallenge(engine, { purpose: 'sign_in', userId: user.id }), user) };
  },
  signIn: ({ engine, body: { credential } }) => {
    const { userId } = takeChallenge(engine, 'sign_in', credential.response.clientDataJSON);
    const user = acceptPasskey(engine, credential, userId);
    if (user.status !== 'active') throw userSuspended();
    return { status: 200, ...signedIn(engine, openSession(engine, user, 'passkey')) };
  },
  registrationOptions: ({ engine, caller, body }) => {
    const { user, session } = caller;
    requirePassword(caller, body.current_password);
    if (user.secondFactor?.enabledAt) requireCode(caller, body.code);
    requireRoom(user);
    const rp = { name: 'Arkloop', id: 'localhost' };
    const person = { id: userHandleOf(user), name: user.login, displayName: user.username };
    const chosen = { residentKey: 'required', userVerification: 'required', requireResidentKey: true };
    const excludeCredentials = idsOf(user).map((id) => ({ id, type: 'public-key' }));
    const pubKeyCredParams = [-8, -7, -257].map((alg) => ({ alg, type: 'public-key' }));
    const parts = { rp, user: person, pubKeyCredParams, excludeCredentials, authenticatorSelection: chosen, attestation: 'none' };
    return {
      status: 200,
      body: optionsFor(issueChallenge(engine, { purpose: 'registration', userId: user.id, sessionId: session?.id }), parts),
    };
  },
  register: ({ engine, caller: { user, session }, body: { name, credential } }) => {
    const { state, fakes, now, time } = engine;
    takeChallenge(engine, 'registration', credential.response.clientDataJSON, session?.id);
    requireRoom(user);
    if ([...state.users.values()].some((each) => each.passkeys?.[credential.id]))
      throw apiError('conflict', 'passkey_exists', 'This passkey is registered already.');
    const flags = { backup_eligible: true, backed_up: true };
    const value: Passkey = { id: fakes.id(now()), name, ...flags, created_at: time(), last_used_at: null };
    user.passkeys = { ...user.passkeys, [credential.id]: value.id };
    state.add(kind, { owner: user.id, parents: {}, value });
    return { status: 201, body: value };
  },
  delete: ({ engine, caller: { user }, loaded }) => {
    const row = loaded.passkey_id!;
    if (user.password === null && user.email === null && idsOf(user).length === 1)
      throw apiError(
        'conflict',
        'last_sign_in_method',
        'This is your last way to sign in. Set a password or register another passkey first.',
      );
    engine.state.remove(kind, (each) => each === row);
    user.passkeys = Object.fromEntries(Object.entries(user.passkeys ?? {}).filter(([, id]) => id !== row.value.id));
    return { status: 204, body: undefined };
  },
  confirmationOptions: ({ engine, caller: { user, session } }) => {
    if (idsOf(user).length === 0) throw missing();
    const challenge = issueChallenge(engine, { purpose: 'confirmation', userId: user.id, sessionId: session?.id });
    return { status: 200, body: requestOptions(challenge, user) };
  },
  confirm: ({ engine, caller, body: { credential } }) => {
    takeChallenge(engine, 'confirmation', credential.response.clientDataJSON, caller.session?.id);
    acceptPasskey(engine, credential, caller.user.id);
    confirm(caller);
    return { status: 204, body: undefined };
  },
};

function confirm({ session }: Pick<Caller, 'session'>) {
  if (session) session.isConfirmed = true;
}
