import type { auth as routes } from '../../../contract/auth.ts';
import type { bootstrap as bootstrapRoutes } from '../../../contract/bootstrap.ts';
import type { Engine, RouteHandlers } from '../context.ts';
import { accountSuspended, issueToken, lifetimes } from '../http/access.ts';
import { apiError, invalid, invalidField, notFound } from '../http/errors.ts';
import { resourceType } from '../resourceTypes.ts';
import type { Session, User } from '../state.ts';
import { addUser, findUser, openSession, type PriorAccess, proveAddress, sessionCookie, type SignInMethod } from './people.ts';
import { consumeCode } from './security.ts';

const accounts = resourceType('/v1/accounts');
const unauthenticated = (reason: string, message: string) => apiError('unauthenticated', reason, message);

export const signedIn = (engine: Engine, session: Session) => ({
  body: { access_token: issueToken(engine, session), token_type: 'bearer' as const, expires_in: lifetimes.access },
  headers: sessionCookie(engine, session.refreshToken),
});
export const userSuspended = (headers = {}) => apiError('forbidden', 'user_suspended', 'This user is suspended.', {}, headers);
/** Throws 403 for a suspended user, and 401 for one with a second factor. The challenge is the id of the user. */
export function signIn(engine: Engine, user: User, method: SignInMethod = 'password') {
  if (user.status !== 'active') throw userSuspended();
  if (user.secondFactor?.enabledAt) {
    const details = { challenge_token: user.id, expires_in: 600, ...(Object.keys(user.passkeys ?? {}).length > 0 && { passkey: true }) };
    throw apiError('unauthenticated', 'second_factor_required', 'Enter the code of your authenticator app.', details);
  }
  return openSignIn(engine, user, method);
}

function openSignIn(engine: Engine, user: User, method: SignInMethod = 'password') {
  return { status: 200 as const, ...signedIn(engine, openSession(engine, user, method)) };
}

/** Throws 400 or 409. */
function checkRegistration(
  engine: Engine,
  { login, password, email }: { login: string; password: string; email?: string | null | undefined },
) {
  const issues = [
    ...(/^[^@\p{Cc}\p{Cf}]{1,256}$/u.test(login.trim())
      ? []
      : [['/login', 'must be 1 to 256 bytes in one script, without @, control or format characters', 'invalid_name']]),
    ...(isGoodPassword(password)
      ? []
      : [['/password', 'must have 8 characters or more, at most 256 bytes, a letter and a digit', 'password_policy']]),
    ...(email == null || /^[^\s@]+@[^\s@]+$/.test(email.trim())
      ? []
      : [['/email', 'must be one email address, each part in one script', 'invalid_email']]),
  ].map(([path, message, reason]) => ({ location: 'body' as const, path: path!, message: message!, reason: reason! }));
  const reason = issues.some(({ path }) => path === '/password') ? { reason: 'password_policy' } : {};
  if (issues.length > 0) throw invalid(issues, reason);
  if (findUser(engine, login)) throw apiError('conflict', 'login_taken', 'This login is taken.');
  if (email && findUser(engine, email)) throw apiError('conflict', 'email_taken', 'This address is taken.');
}

const isGoodPassword = (text: string) => [...text].length >= 8 && text.length <= 256 && /\p{L}/u.test(text) && /\p{Nd}/u.test(text);

const trimmed = <P extends { login: string; email?: string | null | undefined }>(person: P) => ({
  ...person,
  login: person.login.trim().normalize('NFKC'),
  email: person.email?.trim() || null,
  locale: null,
});

/** The mock accepts this code for every user. */
const goodCode = '00000000';
const signInByCode = (engine: Engine, identity: string, { otp, ...priorAccess }: { otp: string } & PriorAccess) => {
  const user = findUser(engine, identity);
  if (!user || otp !== goodCode) throw unauthenticated('otp_invalid', 'The code is wrong.');
  proveAddress(engine, user, undefined, priorAccess);
  return signIn(engine, user);
};

/**
 * The mailed code is always 00000000, that of an authenticator app 000000. The flow token is the id of the user. Any token of a verification link is valid and verifies the user of the session
 * cookie.
 */
export const auth: RouteHandlers<typeof routes> = {
  captchaConfig: () => ({ status: 200, body: { enabled: false, site_key: '' } }),
  registrationMode: () => ({ status: 200, body: { mode: 'open' } }),
  check: ({ engine, body }) => ({ status: 200, body: { exists: findUser(engine, body.login) !== undefined } }),
  resolve: ({ engine, body: { identity } }) => {
    const user = findUser(engine, identity);
    const prefill = identity.includes('@') ? { email: identity.trim() } : { login: identity.trim() };
    const known = user && { flow_token: user.id, ...(user.email && { masked_email: `${user.email[0]}***` }) };
    const next_step = user ? ('password' as const) : ('register' as const);
    return { status: 200, body: { next_step, ...known, otp_available: Boolean(user?.email), invite_required: false, prefill } };
  },
  verifyFlowCode: ({ engine, body }) => signInByCode(engine, engine.state.users.get(body.flow_token)?.login ?? '', body),
  verifyCode: ({ engine, body }) => signInByCode(engine, body.email, body),
  register: ({ engine, body }) => {
    checkRegistration(engine, body);
    const user = addUser(engine, trimmed(body));
    const { body: granted, headers } = signIn(engine, user);
    return { status: 201, body: { user_id: user.id, ...granted, warning: null }, headers };
  },
  login: ({ engine, body: { login, password } }) => {
    const user = findUser(engine, login);
    if (user?.password !== password) throw unauthenticated('invalid_credentials', 'The login or the password is wrong.');
    return signIn(engine, user);
  },
  refresh: ({ engine, cookies, headers }) => {
    const token = cookies.arkloop_refresh_token;
    if (!token) throw unauthenticated('missing_token', 'There is no session cookie.');
    const session = [...engine.state.sessions.values()].find(
      ({ refreshToken, rotated }) => refreshToken === token || rotated.includes(token),
    );
    if (!session) throw unauthenticated('invalid_token', 'The session is not known.');
    if (engine.state.users.get(session.userId)?.status === 'suspended') throw userSuspended(sessionCookie(engine, undefined));
    if (session.ended) throw unauthenticated('session_revoked', 'The session has ended.');
    if (session.refreshToken !== token && session.rotated.at(-1) !== token) {
      session.ended = true;
      throw unauthenticated('token_reused', 'This token was used before; the session has been ended.');
    }
    if (session.refreshToken !== token) throw unauthenticated('token_rotated', 'This token was exchanged a moment ago.');
    const wanted = headers['x-account-id'];
    const isMine = ({ owner, value }: { owner: string; value: { id?: unknown } }) => owner === session.userId && value.id === wanted;
    const [account] = engine.state.rows(accounts, isMine);
    if (wanted !== undefined && !account) throw notFound();
    if (wanted !== undefined && account?.value.status !== 'active') throw accountSuspended();
    session.accountId = wanted ?? session.accountId;
    session.rotated.push(token);
    session.refreshToken = engine.fakes.hex(43);
    return { status: 200, ...signedIn(engine, session) };
  },
  logout: ({ engine, caller: { user, session }, body }) => {
    for (const each of engine.state.sessions.values()) if (body.all ? each.userId === user.id : each === session) each.ended = true;
    return { status: 200, body: { ok: true }, headers: sessionCookie(engine, undefined) };
  },
  verifySecondFactor: ({ engine, body }) => {
    const user = engine.state.users.get(body.challenge_token);
    if (!user?.secondFactor?.enabledAt) throw unauthenticated('challenge_invalid', 'Begin again: this sign-in is over.');
    if (user.status !== 'active') throw userSuspended();
    consumeCode(user, body.code);
    return openSignIn(engine, user);
  },
  confirmEmail: ({ engine, cookies }) => {
    const token = cookies.arkloop_refresh_token;
    const session = [...engine.state.sessions.values()].find(({ refreshToken, ended }) => !ended && refreshToken === token);
    if (session) proveAddress(engine, engine.state.users.get(session.userId)!, session);
    return { status: 200, body: { ok: true } };
  },
};

/** The mock accepts any bootstrap token. */
export const bootstrap: RouteHandlers<typeof bootstrapRoutes> = {
  init: ({ engine }) => ({ status: 201, body: { token: engine.fakes.hex(64), expires_at: engine.time(3_600_000) } }),
  verify: () => ({ status: 200, body: { valid: true } }),
  setup: ({ engine, body }) => {
    if ([...engine.state.users.values()].some(({ isAdmin }) => isAdmin))
      throw apiError('conflict', 'already_initialized', 'There is an admin of the platform already.');
    if (body.token === '') throw invalidField('/token', 'must not be blank');
    checkRegistration(engine, body);
    const user = addUser(engine, { ...trimmed(body), isAdmin: true });
    const { body: granted, headers } = signIn(engine, user);
    return { status: 201, body: { user_id: user.id, ...granted }, headers };
  },
};
