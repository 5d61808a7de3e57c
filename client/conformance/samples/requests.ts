import type { Params, Sample } from '../sample.ts';
import { acceptableInvitationOf, asAdmin, formOf, type Maker, name, post, Unchecked, workspaceOf } from './make.ts';

const days = { start: '2026-01-01', end: '2026-01-31' };
const scoped = { scope: 'account' };

/** A good query, by operation, where none is not good enough. */
export const queries: Record<string, (maker: Maker, params: Params) => Record<string, string> | Promise<Record<string, string>>> = {
  'credits.ofAccount': ({ by }) => ({ account_id: by.accountId }),
  'entitlementOverrides.delete': ({ by }) => ({ account_id: by.accountId }),
  'entitlementOverrides.list': ({ by }) => ({ account_id: by.accountId }),
  'referrals.tree': ({ by }) => ({ user_id: by.id }),
  'runs.events': () => ({ follow: 'false' }),
  'shares.delete': async (maker, { thread_id: id }) => ({ id: (await post(maker, `/v1/threads/${id}:share`, {})).id }),
  'subscriptions.list': () => ({ status: 'all' }),
  'threads.search': () => ({ q: 'a' }),
  'toolProviders.activate': () => scoped,
  'toolProviders.clearCredential': () => scoped,
  'toolProviders.deactivate': () => scoped,
  'toolProviders.list': () => scoped,
  'toolProviders.setCredential': () => scoped,
  'usage.daily': () => days,
  'usage.hourly': () => days,
  'usage.mineDaily': () => days,
  'usage.mineHourly': () => days,
  'usage.ofAccountDaily': () => days,
  'usage.ofAccountHourly': () => days,
};

const bySomebody = async ({ somebody }: Maker) => ({ token: (await somebody()).token });

/** What else a good request needs, by operation. */
export const extras: Record<string, (maker: Maker, params: Params) => Promise<Partial<Sample>>> = {
  'accounts.create': bySomebody,
  'accounts.delete': async (maker) => {
    const by = await maker.somebody();
    const { id, slug } = await post({ ...maker, by }, '/v1/accounts', { slug: name(), name: 'Conformance' });
    return { params: { account_id: id }, body: { slug }, token: by.token };
  },
  'attachments.stage': async () => formOf('a.txt', 'text/plain', 'sample'),
  'auth.logout': bySomebody,
  'auth.refresh': async ({ somebody }) => {
    const { cookie } = await somebody();
    if (cookie === '') throw new Unchecked('the server sets no session cookie');
    return { headers: { cookie } };
  },
  'auth.sendVerification': bySomebody,
  'entitlementOverrides.delete': async (maker, { override_id: id }) => {
    const { call, by } = asAdmin(maker);
    const made = await call('GET', `/v1/entitlement-overrides?account_id=${by.accountId}`, { token: by.token });
    if (!made.body?.some((override: { id: string }) => override.id === id)) throw new Unchecked('the override is of another account');
    return {};
  },
  'invitations.accept': async (maker) => {
    const { token, guest } = await acceptableInvitationOf(maker);
    return { params: { token }, token: guest.token };
  },
  'invitations.revoke': async (maker) => ({ headers: { 'x-account-id': await workspaceOf(maker) } }),
  'me.changePassword': async ({ somebody }) => {
    const { token, password } = await somebody();
    return { token, body: { current_password: password, new_password: `New-${password}` } };
  },
  'runs.retry': async (maker, { thread_id: id }) => {
    await post(maker, `/v1/threads/${id}/messages`, { content: 'hi' });
    return {};
  },
};

const everybody = 'would touch everybody on this server';
const outside = 'needs what lies outside of the API';

/** What the kit does not even try to make succeed, and why; what can be refused is checked all the same. */
export const untried: Record<string, string> = {
  'asr.transcribe': outside,
  'auth.confirmEmail': 'needs the mail to somebody',
  'auth.verifyCode': 'needs the mail to somebody',
  'auth.verifyFlowCode': 'needs the mail to somebody',
  'bootstrap.init': 'only an installation without an administrator takes it',
  'bootstrap.setup': 'only an installation without an administrator takes it',
  'broadcasts.create': everybody,
  'broadcasts.delete': everybody,
  'broadcasts.get': everybody,
  'credits.bulkAdjust': everybody,
  'credits.operation': everybody,
  'credits.resetAll': everybody,
  'email.configure': everybody,
  'email.test': 'would send a mail',
  'gatewayConfig.set': everybody,
  'llmModels.test': outside,
  'llmProviders.availableModels': outside,
  'me.resetInviteCode': 'a code must be a day old',
  'notifications.read': 'only the server makes notifications',
  'platformSettings.delete': everybody,
  'platformSettings.get': everybody,
  'platformSettings.set': everybody,
  'runs.continue': 'needs a run that failed',
  'runs.input': 'needs a run that waits',
  'webhookDeliveries.get': 'needs a run that ended at an endpoint',
  'webhookDeliveries.redeliver': 'needs a run that ended at an endpoint',
  'workspaces.file': 'needs a file that a run made',
};
