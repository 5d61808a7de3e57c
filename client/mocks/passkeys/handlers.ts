import type { Passkey, PasskeyOptions, passkeys as routes } from '../../../contract/passkeys.ts';
import type { Caller, Engine, RouteHandlers } from '../context.ts';
import { apiError } from '../http/errors.ts';
import { signedIn, userSuspended } from '../resources/auth.ts';
import { openSession } from '../resources/people.ts';
import { requireCode, requirePassword } from '../resources/security.ts';
import { resourceType } from '../resourceTypes.ts';
import type { User } from '../state.ts';

const kind = resourceType('/v1/me/passkeys');
const maxPasskeys = 20;

const idsOf = ({ passkeys = {} }: User) => Object.keys(passkeys);
const passkeyInvalid = () => apiError('unauthenticated', 'passkey_invalid', 'The passkey was not accepted.');
const missing = () => apiError('conflict', 'passkey_missing', 'You have no passkey.');

/** The challenge is random, but not checked: mocks accept every credential that was registered, without its signature. */
function optionsFor({ fakes }: Engine, more: Record<string, unknown>): PasskeyOptions {
  return { public_key: { challenge: fakes.hex(43), timeout: 300_000, ...more }, expires_in: 300 };
}

const requestOptions = (engine: Engine, user?: User) =>
  optionsFor(engine, {
    rpId: 'localhost',
    userVerification: 'required',
    ...(user && { allowCredentials: idsOf(user).map((id) => ({ id, type: 'public-key' })) }),
  });

function recordUse(engine: Engine, user: User, credentialId: string) {
  const id = user.passkeys?.[credentialId];
  const [row] = id ? engine.state.rows(kind, ({ value }) => value.id === id) : [];
  if (!row) throw passkeyInvalid();
  row.value.last_used_at = engine.time();
}

function requireRoom(user: User) {
  if (idsOf(user).length >= maxPasskeys) throw apiError('conflict', 'passkey_limit_reached', 'You have 20 passkeys. Delete one first.');
}

export const passkeys: Pick<
  RouteHandlers<typeof routes>,
  'signInOptions' | 'signIn' | 'registrationOptions' | 'register' | 'delete' | 'confirmationOptions' | 'confirm'
> = {
  signInOptions: ({ engine, body }) => {
    if (!body.challenge_token) return { status: 200, body: requestOptions(engine) };
    const user = engine.state.users.get(body.challenge_token);
    if (!user?.secondFactor?.enabledAt) throw apiError('unauthenticated', 'challenge_invalid', 'Begin again: this challenge is over.');
    if (idsOf(user).length === 0) throw missing();
    return { status: 200, body: requestOptions(engine, user) };
  },
  signIn: ({ engine, body: { credential } }) => {
    const user = [...engine.state.users.values()].find((each) => each.passkeys?.[credential.id]);
    if (!user) throw passkeyInvalid();
    if (user.status !== 'active') throw userSuspended();
    recordUse(engine, user, credential.id);
    return { status: 200, ...signedIn(engine, openSession(engine, user, 'passkey')) };
  },
  registrationOptions: ({ engine, caller, body }) => {
    const { user } = caller;
    requirePassword(caller, body.current_password);
    if (user.secondFactor?.enabledAt) requireCode(caller, body.code);
    requireRoom(user);
    const rp = { name: 'Arkloop', id: 'localhost' };
    const person = { id: user.id.replaceAll('-', ''), name: user.login, displayName: user.username };
    const chosen = { residentKey: 'required', userVerification: 'required', requireResidentKey: true };
    const excludeCredentials = idsOf(user).map((id) => ({ id, type: 'public-key' }));
    const pubKeyCredParams = [-8, -7, -257].map((alg) => ({ alg, type: 'public-key' }));
    const parts = { rp, user: person, pubKeyCredParams, excludeCredentials, authenticatorSelection: chosen, attestation: 'none' };
    return { status: 200, body: optionsFor(engine, parts) };
  },
  register: ({ engine, caller: { user }, body: { name, credential } }) => {
    const { state, fakes, now, time } = engine;
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
  confirmationOptions: ({ engine, caller: { user } }) => {
    if (idsOf(user).length === 0) throw missing();
    return { status: 200, body: requestOptions(engine, user) };
  },
  confirm: ({ engine, caller, body: { credential } }) => {
    recordUse(engine, caller.user, credential.id);
    confirm(caller);
    return { status: 204, body: undefined };
  },
};

function confirm({ session }: Pick<Caller, 'session'>) {
  if (session) session.isConfirmed = true;
}
