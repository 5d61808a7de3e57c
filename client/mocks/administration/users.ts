import type { adminAccounts as accountRoutes, AdminAccount } from '../../../contract/adminAccounts.ts';
import type { UserDetail, users as userRoutes } from '../../../contract/users.ts';
import { type Engine, type RouteHandlers, untypedContext } from '../context.ts';
import { apiError } from '../http/errors.ts';
import { serveGeneric } from '../resources/generic.ts';
import { findUser } from '../resources/people.ts';
import { resourceType } from '../resourceTypes.ts';
import type { Json, User } from '../state.ts';

const accountKind = resourceType('/v1/accounts');
const memberKind = resourceType('/v1/accounts/{account_id}/members');
const adminAccountKind = resourceType('/v1/admin/accounts');
const inviteKind = resourceType('/v1/admin/invite-codes');

const cannotModifySelf = () => apiError('conflict', 'cannot_modify_self', 'Nobody can do this to themselves.');

/** The row that administrators see, with the memberships of the user, newest first. */
function detailOf({ state }: Engine, row: Json): UserDetail {
  const accounts = state
    .rows(accountKind, ({ owner }) => owner === row.id)
    .map(({ value: { id, name, type, role } }) => ({
      ...{ account_id: id, name, type, role },
    }));
  return { ...row, accounts } as UserDetail;
}

/** Ends sessions, invite codes and runs. API keys are checked at each request. */
function endActivity(engine: Engine, user: User, by: string) {
  for (const session of engine.state.sessions.values()) if (session.userId === user.id) session.ended = true;
  for (const { value } of engine.state.rows(inviteKind, ({ value: code }) => code.user_id === user.id)) value.is_active = false;
  engine.runs.cancelAll(by, ({ run }) => run.created_by_user_id === user.id);
}

export const users: RouteHandlers<typeof userRoutes> = {
  get: ({ engine, loaded }) => ({ status: 200, body: detailOf(engine, loaded.user_id!.value) }),
  update: (context) => {
    const { engine, loaded, body, caller } = context;
    const row = loaded.user_id!.value;
    const user = engine.state.users.get(row.id as string);
    const isSuspended = body.status === 'suspended' && row.status === 'active';
    if (row.id === caller.user.id && (isSuspended || body.is_platform_admin === false)) throw cannotModifySelf();
    const owner = body.email ? findUser(engine, body.email) : undefined;
    if (owner && owner.id !== row.id) throw apiError('conflict', 'email_taken', 'This email address is taken.');
    if (body.email !== undefined && body.email !== row.email) row.email_verified_at = null;
    serveGeneric(untypedContext(context));
    if (user) {
      const { username, email, locale, timezone, status } = row as Pick<User, 'username' | 'email' | 'locale' | 'timezone' | 'status'>;
      Object.assign(user, { username, email, locale, timezone, status, isAdmin: row.is_platform_admin });
      if (isSuspended) endActivity(engine, user, caller.user.id);
    }
    return { status: 200, body: detailOf(engine, row) };
  },
  removeSecondFactor: ({ engine, loaded, caller }) => {
    const { id } = loaded.user_id!.value;
    const user = engine.state.users.get(id as string);
    if (id === caller.user.id) throw cannotModifySelf();
    if (!user?.secondFactor?.enabledAt) throw apiError('conflict', 'second_factor_disabled', 'The user has no second factor.');
    delete user.secondFactor;
    return { status: 204, body: undefined };
  },
  delete: (context) => {
    const { engine, loaded, caller } = context;
    const { state } = engine;
    const id = loaded.user_id!.value.id as string;
    if (id === caller.user.id) throw cannotModifySelf();
    const user = state.users.get(id);
    if (user) endActivity(engine, user, caller.user.id);
    state.users.delete(id);
    state.remove(accountKind, ({ owner }) => owner === id);
    state.remove(memberKind, ({ value }) => value.user_id === id);
    state.remove(adminAccountKind, ({ value }) => state.rows(memberKind, ({ owner }) => owner === value.id).length === 0);
    serveGeneric(untypedContext(context));
    return { status: 204, body: undefined };
  },
};

export const adminAccounts: RouteHandlers<typeof accountRoutes> = {
  update: (context) => {
    const { engine, loaded, body, caller } = context;
    const account = loaded.account_id!.value as AdminAccount;
    const isSuspended = body.status === 'suspended';
    if (isSuspended && account.id === caller.accountId) throw cannotModifySelf();
    account.status = body.status;
    for (const { value } of engine.state.rows(accountKind, (row) => row.value.id === account.id)) value.status = body.status;
    if (isSuspended) engine.runs.cancelAll(caller.user.id, ({ run }) => run.account_id === account.id);
    return { status: 200, body: account };
  },
};
