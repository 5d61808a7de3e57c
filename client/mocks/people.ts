import { lifetimes } from './access.ts';
import type { Engine } from './context.ts';
import { kindOf } from './kinds.ts';
import type { Json, Session, State, User } from './state.ts';

const accounts = kindOf('/v1/accounts');
const members = kindOf('/v1/accounts/{account_id}/members');
const projects = kindOf('/v1/projects');
const adminUsers = kindOf('/v1/admin/users');
const apiKeys = kindOf('/v1/api-keys');
const adminAccounts = kindOf('/v1/admin/accounts');

/** Who is to be registered. */
export type NewPerson = { login: string; password: string; email?: string | null; locale?: string | null; isAdmin?: boolean };

/** Makes a user with the personal account and the default project that everybody has. */
export function addUser(
  { state, fakes, now, time }: Engine,
  { login, password, email = null, locale = null, isAdmin = false }: NewPerson,
): User {
  const [id, accountId] = [fakes.id(now()), fakes.id(now())];
  const created_at = time();
  const user = { id, login, email, password, username: login, timezone: null, locale, isAdmin, accountId, created_at };
  state.users.set(id, user);
  const account = { id: accountId, slug: `personal-${fakes.hex(12)}`, name: login, type: 'personal', status: 'active', timezone: null };
  const value = { ...account, role: 'admin', created_at };
  state.add(accounts, { owner: id, parents: {}, value });
  addAccount(state, user, value);
  const shown = { status: 'active', is_platform_admin: isAdmin, email_verified_at: null, last_login_at: null, timezone: null };
  state.add(adminUsers, { owner: 'platform', parents: {}, value: { id, login, username: login, email, locale, created_at, ...shown } });
  const project: Json = {
    id: fakes.id(now()),
    account_id: accountId,
    team_id: null,
    owner_user_id: id,
    name: 'Default',
    description: null,
  };
  state.add(projects, { owner: accountId, parents: {}, value: { ...project, visibility: 'private', is_default: true, created_at } });
  return user;
}

const adminRowOf = (state: State, userId: string) => state.rows(adminUsers, ({ value }) => value.id === userId)[0]!.value;

export const isVerified = (state: State, { id }: User): boolean => adminRowOf(state, id).email_verified_at !== null;

/** Marks the address of a user as verified. The first time without a session of theirs, the password, all sessions and all keys end. */
export function proveAddress({ state, time }: Engine, user: User, session?: Session) {
  if (!isVerified(state, user) && !session) {
    user.password = null;
    for (const each of state.sessions.values()) if (each.userId === user.id) each.ended = true;
    for (const { value } of state.rows(apiKeys, (key) => key.value.user_id === user.id)) value.revoked_at ??= time();
  }
  adminRowOf(state, user.id).email_verified_at ??= time();
}

/** Lets a user be seen among the members of an account, in which he has the role that he sees himself. */
export function addMember(state: State, { id, username, email }: User, { id: account_id, role }: Json, created_at: unknown) {
  const value = { account_id, user_id: id, username, email, role, created_at };
  state.add(members, { owner: account_id as string, parents: { account_id: account_id as string }, value });
}

/** Lets an account that a user has just opened be seen by its members and by the admins of the platform. */
export function addAccount(state: State, user: User, account: Json) {
  addMember(state, user, account, account.created_at);
  const shown = { ...account, owner_user_id: user.id, members_count: 1, balance: 0, reserved: 0, available: 0 };
  state.add(adminAccounts, { owner: 'platform', parents: {}, value: shown });
}

/** What makes a login unique. */
const loginKey = (login: string) => login.normalize('NFKC').trim().toLowerCase();

/** The user with a login or an email address. */
export const findUser = ({ state }: Engine, identity: string): User | undefined =>
  [...state.users.values()].find(({ login, email }) => [login, email].some((each) => each && loginKey(each) === loginKey(identity)));

/** Opens a session in the personal account of a user. */
export function openSession({ state, fakes, now }: Engine, { id: userId, accountId }: User): Session {
  const session = { id: fakes.id(now()), userId, accountId, refreshToken: fakes.hex(43), rotated: [], ended: false };
  state.sessions.set(session.id, session);
  return session;
}

/** The header that keeps a session in the browser; undefined takes it away. */
export function sessionCookie({ now }: Engine, token: string | undefined): { 'set-cookie': string } {
  const life = token === undefined ? 0 : lifetimes.refresh;
  const expires = new Date(token === undefined ? 0 : now() + life * 1000).toUTCString();
  return {
    'set-cookie': `arkloop_refresh_token=${token ?? ''}; Path=/v1/auth; HttpOnly; SameSite=Lax; Max-Age=${life}; Expires=${expires}`,
  };
}
