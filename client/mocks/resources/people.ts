import type { EmailCode } from '../../../contract/auth.ts';
import type { UserSession } from '../../../contract/sessions.ts';
import type { Engine } from '../context.ts';
import { addTransaction, settingOf } from '../credits/ledger.ts';
import { lifetimes } from '../http/access.ts';
import { apiError } from '../http/errors.ts';
import { backfillBroadcasts } from '../notifications.ts';
import { resourceType } from '../resourceTypes.ts';
import type { Json, Session, State, User } from '../state.ts';

const accounts = resourceType('/v1/accounts');
const members = resourceType('/v1/accounts/{account_id}/members');
const projects = resourceType('/v1/projects');
const adminUsers = resourceType('/v1/admin/users');
const apiKeys = resourceType('/v1/api-keys');
const adminAccounts = resourceType('/v1/admin/accounts');
const userSessions = resourceType('/v1/me/sessions');
const passkeys = resourceType('/v1/me/passkeys');

export type NewPerson = { login: string; password: string; email?: string | null; locale?: string | null; isAdmin?: boolean };

const nameOfAccount = (login: string) => `${login}'s workspace`;

/** Creates a user with a personal account and a default project. */
export function addUser(engine: Engine, { login, password, email = null, locale = null, isAdmin = false }: NewPerson): User {
  const { state, fakes, now, time } = engine;
  const [id, accountId] = [fakes.id(now()), fakes.id(now())];
  const created_at = time();
  const user = {
    id,
    login,
    email,
    password,
    username: login,
    timezone: null,
    locale,
    isAdmin,
    status: 'active' as const,
    accountId,
    created_at,
  };
  state.users.set(id, user);
  const account = {
    id: accountId,
    slug: `personal-${fakes.hex(12)}`,
    name: nameOfAccount(login),
    type: 'personal',
    status: 'active',
    timezone: null,
  };
  const rules = { low_credit_threshold: null, second_factor_required_from: null };
  const value = { ...account, ...rules, role: 'admin', created_at };
  state.add(accounts, { owner: id, parents: {}, value });
  addAccount(state, user, value);
  const shown = { status: 'active', is_platform_admin: isAdmin, email_verified_at: null, last_login_at: null, timezone: null };
  const memberships = [{ account_id: accountId, name: nameOfAccount(login), type: 'personal', role: 'admin' }];
  state.add(adminUsers, {
    owner: 'platform',
    parents: {},
    value: { id, login, username: login, email, locale, created_at, accounts: memberships, ...shown },
  });
  const project: Json = {
    id: fakes.id(now()),
    account_id: accountId,
    team_id: null,
    owner_user_id: id,
    name: 'Default',
    description: null,
  };
  state.add(projects, { owner: accountId, parents: {}, value: { ...project, visibility: 'private', is_default: true, created_at } });
  const amount = Number(settingOf(engine, 'credit.initial_grant') ?? engine.credits);
  addTransaction(engine, accountId, { amount, cause: 'initial_grant', referenceId: accountId });
  backfillBroadcasts(engine, id, accountId, null);
  return user;
}

const adminRowOf = (state: State, userId: string) => state.rows(adminUsers, ({ value }) => value.id === userId)[0]!.value;

export const isVerified = (state: State, { id }: User): boolean => adminRowOf(state, id).email_verified_at !== null;

export type PriorAccess = Pick<EmailCode, 'password' | 'reset_access'>;

/**
 * Marks the address of a user as verified. Outside a session, the first proof keeps their password, sessions and API keys if the password is given, and
 * otherwise ends them (docs/decisions/0018). Throws 409 `first_verification` if neither is asked for.
 */
export function proveAddress(engine: Engine, user: User, session?: Session, { password, reset_access: isReset }: PriorAccess = {}) {
  const { state, time } = engine;
  if (!isVerified(state, user) && !session && (isReset || !keepsAccess(engine, user, password))) {
    user.password = null;
    delete user.passkeys;
    state.remove(passkeys, ({ owner }) => owner === user.id);
    for (const each of state.sessions.values()) if (each.userId === user.id) each.ended = true;
    for (const { value } of state.rows(apiKeys, (key) => key.value.user_id === user.id)) value.revoked_at ??= time();
  }
  adminRowOf(state, user.id).email_verified_at ??= time();
}

function keepsAccess({ state }: Engine, user: User, password: string | undefined): boolean {
  if (password !== undefined) {
    if (password === user.password) return true;
    throw apiError('unauthenticated', 'invalid_credentials', 'The password is wrong.');
  }
  if (user.password === null && !user.passkeys) return false;
  const details = { login: user.login, signed_up_at: adminRowOf(state, user.id).created_at };
  throw apiError(
    'conflict',
    'first_verification',
    'The address is verified for the first time: send the `password` or `reset_access`.',
    details,
  );
}

/** Adds a user to the member list of an account, with the role of their own account row. */
export function addMember(state: State, { id, username, email }: User, { id: account_id, role }: Json, created_at: unknown) {
  const value = { account_id, user_id: id, username, email, role, second_factor: 'none', created_at };
  state.add(members, { owner: account_id as string, parents: { account_id: account_id as string }, value });
}

/** Adds a new account to the member list and to the admin list. */
export function addAccount(state: State, user: User, account: Json) {
  addMember(state, user, account, account.created_at);
  const shown = { ...account, owner_user_id: user.id, members_count: 1, balance: 0, reserved: 0, available: 0 };
  state.add(adminAccounts, { owner: 'platform', parents: {}, value: shown });
}

/** The key for comparing logins. */
const loginKey = (login: string) => login.normalize('NFKC').trim().toLowerCase();

/** Finds a user by login or email address. */
export const findUser = ({ state }: Engine, identity: string): User | undefined =>
  [...state.users.values()].find(({ login, email }) => [login, email].some((each) => each && loginKey(each) === loginKey(identity)));

export type SignInMethod = UserSession['method'];

/** The session starts in the personal account of the user. */
export function openSession(
  { state, fakes, now, time }: Engine,
  { id: userId, accountId }: User,
  method: SignInMethod = 'password',
): Session {
  const isConfirmed = method === 'passkey';
  const session = { id: fakes.id(now()), userId, accountId, refreshToken: fakes.hex(43), rotated: [], ended: false, isConfirmed };
  state.sessions.set(session.id, session);
  const times = { created_at: time(), last_used_at: time(), expires_at: time(lifetimes.refresh * 1000) };
  const client = { method, device: null, user_agent: null, ip_address: '127.0.0.1' };
  state.add(userSessions, {
    owner: userId,
    parents: {},
    value: { id: session.id, account_id: accountId, is_current: false, ...client, ...times },
  });
  adminRowOf(state, userId).last_login_at = time();
  return session;
}

/** Sets the refresh cookie; undefined deletes it. */
export function sessionCookie({ now }: Engine, token: string | undefined): { 'set-cookie': string } {
  const life = token === undefined ? 0 : lifetimes.refresh;
  const expires = new Date(token === undefined ? 0 : now() + life * 1000).toUTCString();
  return {
    'set-cookie': `arkloop_refresh_token=${token ?? ''}; Path=/v1/auth; HttpOnly; SameSite=Lax; Max-Age=${life}; Expires=${expires}`,
  };
}
