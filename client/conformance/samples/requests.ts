import type { Params, Sample } from '../sample.ts';
import {
  acceptableInvitationOf,
  formOf,
  otherAccountOf,
  post,
  type SampleContext,
  UncheckedReason,
  uniqueName,
  workspaceOf,
} from './fixtures.ts';

const days = { start: '2026-01-01', end: '2026-01-31' };
const scoped = { scope: 'account' };

/** Valid queries, for operations that require one. */
export const queries: Record<string, (maker: SampleContext) => Record<string, string> | Promise<Record<string, string>>> = {
  'credits.ofAccount': ({ by }) => ({ account_id: by.accountId }),
  'entitlementOverrides.delete': async (maker) => ({ account_id: await otherAccountOf(maker) }),
  'entitlementOverrides.list': async (maker) => ({ account_id: await otherAccountOf(maker) }),
  'referrals.tree': ({ by }) => ({ user_id: by.id }),
  'runs.events': () => ({ follow: 'false' }),
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
  'workspaces.file': () => ({ path: '/sample.txt' }),
};

const bySomebody = async ({ borrowUser }: SampleContext) => ({ token: (await borrowUser()).token });

/** Other parts of a valid request, by operation. */
export const requestParts: Record<string, (maker: SampleContext, params: Params) => Promise<Partial<Sample>>> = {
  'accounts.create': bySomebody,
  'accounts.delete': async (maker) => {
    const by = await maker.borrowUser();
    const { id, slug } = await post({ ...maker, by }, '/v1/accounts', { slug: uniqueName(), name: 'Sample' });
    return { params: { account_id: id }, body: { slug }, token: by.token };
  },
  'attachments.stage': async () => formOf('a.txt', 'text/plain', 'sample'),
  'auth.logout': bySomebody,
  'auth.refresh': async ({ borrowUser }) => {
    const { cookie } = await borrowUser();
    if (cookie === '') throw new UncheckedReason('the server sets no session cookie');
    return { headers: { cookie } };
  },
  'auth.sendVerification': bySomebody,
  'invitations.accept': async (maker) => {
    const { token, guest } = await acceptableInvitationOf(maker);
    return { params: { token }, token: guest.token };
  },
  'invitations.revoke': async (maker) => ({ headers: { 'x-account-id': await workspaceOf(maker) } }),
  'me.changePassword': async ({ registerUser }) => {
    const { token, password } = await registerUser();
    return { token, body: { current_password: password, new_password: 'Passw0rd-2' } };
  },
  'runs.retry': async (maker, { thread_id: id }) => {
    await post(maker, `/v1/threads/${id}/messages`, { content: 'hi' });
    return {};
  },
  'shares.delete': async (maker, { thread_id: id }) => ({ query: { id: (await post(maker, `/v1/threads/${id}:share`, {})).id } }),
  'users.delete': async (maker) => ({ params: { user_id: (await maker.registerUser()).id } }),
};

const everybody = 'would touch everybody on this server';
const outside = 'needs what lies outside of the API';

/** Operations whose success is not tried, with the reason. Their errors are still checked. */
export const skippedOperations: Record<string, string> = {
  'asr.transcribe': outside,
  'auth.confirmEmail': 'needs the mail to somebody',
  'auth.verifyCode': 'needs the mail to somebody',
  'auth.verifyFlowCode': 'needs the mail to somebody',
  'bootstrap.init': 'only an installation without an administrator takes it',
  'bootstrap.setup': 'only an installation without an administrator takes it',
  'broadcasts.create': everybody,
  'broadcasts.delete': everybody,
  'broadcasts.get': everybody,
  'chatCompletions.create': 'would call a model, which costs money',
  'credits.bulkAdjust': everybody,
  'credits.operation': everybody,
  'credits.resetAll': everybody,
  'email.configure': everybody,
  'email.test': 'would send a mail',
  'gatewayConfig.set': everybody,
  'llmModels.test': outside,
  'llmProviders.availableModels': outside,
  'mcpConfigs.test': outside,
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
