import type { Person, TestApp } from '../app/testApp.ts';

type Admin = Pick<Person, 'token'>;

/** User and account calls of a platform admin. */
export function adminCalls({ call, sql }: Pick<TestApp, 'call' | 'sql'>, { token }: Admin) {
  const user = (id: string) => `/v1/admin/users/${id}`;
  const account = (id: string) => `/v1/admin/accounts/${id}`;
  const change = (id: string, body: unknown, by: Admin = { token }) => call('PATCH', user(id), { token: by.token, body });
  const changeAccount = (id: string, body: unknown) => call('PATCH', account(id), { token, body });
  return {
    list: (query = '') => call('GET', `/v1/admin/users${query}`, { token }),
    get: (id: string) => call('GET', user(id), { token }),
    change,
    suspend: (id: string, by?: Admin) => change(id, { status: 'suspended' }, by),
    activate: (id: string, by?: Admin) => change(id, { status: 'active' }, by),
    remove: (id: string, by: Admin = { token }) => call('DELETE', user(id), { token: by.token }),
    listAccounts: (query = '') => call('GET', `/v1/admin/accounts${query}`, { token }),
    getAccount: (id: string) => call('GET', account(id), { token }),
    changeAccount,
    suspendAccount: (id: string) => changeAccount(id, { status: 'suspended' }),
    activateAccount: (id: string) => changeAccount(id, { status: 'active' }),
    /** Audit entries of a user or an account, oldest first, without registration, login and refresh. */
    entriesOf: (targetType: string, id: string) =>
      sql(
        `select account_id, actor_user_id, action, before_state, after_state, metadata from audit_logs
         where target_type = $1 and target_id = $2 and action not in ('user.register', 'user.login', 'user.refresh') order by created_at, id`,
        [targetType, id],
      ),
  };
}
