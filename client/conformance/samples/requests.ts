import { describeResponse } from '../people.ts';
import type { Params, Sample } from '../sample.ts';
import {
  acceptableInvitationOf,
  asAdmin,
  confirmationOf,
  erasableOf,
  erasureOf,
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
  'schedules.preview': () => ({ cron: '0 9 * * 1-5', timezone: 'Europe/Berlin' }),
  'skills.file': () => ({ path: 'SKILL.md' }),
  'subscriptions.list': () => ({ status: 'all' }),
  'threads.search': () => ({ q: 'a' }),
  'toolProviders.activate': () => scoped,
  'toolProviders.clearCredential': () => scoped,
  'toolProviders.deactivate': () => scoped,
  'toolProviders.list': () => scoped,
  'toolProviders.setCredential': () => scoped,
  'usage.daily': () => days,
  'usage.export': () => days,
  'usage.exportOfAccount': () => days,
  'usage.hourly': () => days,
  'usage.mineDaily': () => days,
  'usage.mineHourly': () => days,
  'usage.ofAccountDaily': () => days,
  'usage.ofAccountHourly': () => days,
  'workspaces.archive': () => ({ path: '/samples' }),
  'workspaces.delete': () => ({ path: '/samples/deleted.txt' }),
  'workspaces.file': () => ({ path: '/samples/read.txt' }),
  'workspaces.upload': () => ({ path: '/samples/uploaded.txt' }),
};

/** Uploads a text file to the workspace of a project. */
async function uploadSample({ call, by }: SampleContext, projectId: string, path: string) {
  const target = `/v1/projects/${projectId}/workspace/file?path=${encodeURIComponent(path)}`;
  const answer = await call('PUT', target, { token: by.token, ...formOf('sample.txt', 'text/plain', 'sample') });
  if (answer.status !== 200) throw new UncheckedReason(`PUT ${target}: ${describeResponse(answer)}`);
}

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
  'adminErasures.account': async (maker, { account_id: id }) => ({ body: await confirmationOf(asAdmin(maker), id!, true) }),
  'erasures.cancel': async (maker) => ({ params: { account_id: (await erasureOf(maker)).accountId } }),
  'erasures.current': async (maker) => ({ params: { account_id: (await erasureOf(maker)).accountId } }),
  'erasures.request': async (maker) => {
    const id = await erasableOf(maker);
    return { params: { account_id: id }, body: await confirmationOf(maker, id) };
  },
  'invitations.accept': async (maker) => {
    const { token, guest } = await acceptableInvitationOf(maker);
    return { params: { token }, token: guest.token };
  },
  'invitations.revoke': async (maker) => ({ headers: { 'x-account-id': await workspaceOf(maker) } }),
  'me.changePassword': async ({ registerUser }) => {
    const { token, password } = await registerUser();
    return { token, body: { current_password: password, new_password: 'Passw0rd-2' } };
  },
  // Not the memories of the caller: they cannot be restored.
  'memories.deleteAll': bySomebody,
  'passkeys.registrationOptions': async (maker) => {
    const { admin, call, registerUser } = asAdmin(maker);
    const { id, token, password } = await registerUser();
    await call('PATCH', `/v1/admin/users/${id}`, { token: admin.token, body: { email_verified: true } });
    return { token, body: { current_password: password } };
  },
  'runs.retry': async (maker, { thread_id: id }) => {
    await post(maker, `/v1/threads/${id}/messages`, { content: 'hi' });
    return {};
  },
  'schedules.resume': async (maker, { schedule_id: id }) => {
    await post(maker, `/v1/schedules/${id}:pause`);
    return {};
  },
  // Where mail is delivered, the address must be verified. Only an administrator can do that without reading mail.
  'secondFactor.setUp': async (maker) => {
    const { admin, call, registerUser } = asAdmin(maker);
    const { id, token, password } = await registerUser();
    await call('PATCH', `/v1/admin/users/${id}`, { token: admin.token, body: { email_verified: true } });
    return { token, body: { current_password: password } };
  },
  // Not a borrowed user: others use their sessions.
  'sessions.deleteOthers': async ({ registerUser }) => ({ token: (await registerUser()).token }),
  'shares.delete': async (maker, { thread_id: id }) => ({ query: { id: (await post(maker, `/v1/threads/${id}:share`, {})).id } }),
  'users.delete': async (maker) => ({ params: { user_id: (await maker.registerUser()).id } }),
  'workspaces.archive': (maker, { project_id: id }) => uploadSample(maker, id!, '/samples/read.txt').then(() => ({})),
  'workspaces.delete': (maker, { project_id: id }) => uploadSample(maker, id!, '/samples/deleted.txt').then(() => ({})),
  'workspaces.file': (maker, { project_id: id }) => uploadSample(maker, id!, '/samples/read.txt').then(() => ({})),
  'workspaces.rename': async (maker, { project_id: id }) => {
    const name = uniqueName();
    await uploadSample(maker, id!, `/samples/${name}.txt`);
    return { body: { path: `/samples/${name}.txt`, new_path: `/samples/${name}-renamed.txt` } };
  },
  'workspaces.upload': async ({ call, by }, { project_id: id }) => {
    // The first request of a user creates the workspace.
    await call('GET', `/v1/projects/${id}/workspace`, { token: by.token });
    return formOf('sample.txt', 'text/plain', 'sample');
  },
};

const everybody = 'would touch everybody on this server';
const outside = 'needs what lies outside of the API';
const authenticator = 'needs the code of an authenticator app';
const passkey = 'needs a passkey';

/** Operations whose success is not tried, with the reason. Their errors are still checked. */
export const skippedOperations: Record<string, string> = {
  'asr.transcribe': outside,
  'auth.confirmEmail': 'needs the mail to somebody',
  'auth.verifyCode': 'needs the mail to somebody',
  'auth.verifyFlowCode': 'needs the mail to somebody',
  'auth.verifySecondFactor': authenticator,
  'bootstrap.init': 'only an installation without an administrator takes it',
  'bootstrap.setup': 'only an installation without an administrator takes it',
  'broadcasts.create': everybody,
  'broadcasts.delete': everybody,
  'broadcasts.get': everybody,
  'adminErasures.user': 'needs a user who is deleted',
  'chatCompletions.create': 'would call a model, which costs money',
  'credits.bulkAdjust': everybody,
  'credits.operation': everybody,
  'credits.resetAll': everybody,
  'email.configure': everybody,
  'email.test': 'would send a mail',
  'gatewayConfig.set': everybody,
  'identities.complete': outside,
  'identities.confirm': outside,
  'identities.delete': outside,
  'identities.start': outside,
  'llmModels.test': outside,
  'llmProviders.availableModels': outside,
  'mcpConfigs.authorize': outside,
  'mcpConfigs.completeAuthorization': outside,
  'mcpConfigs.getPrompt': outside,
  'mcpConfigs.prompts': outside,
  'mcpConfigs.test': outside,
  'me.resetInviteCode': 'a code must be a day old',
  'notifications.read': 'only the server makes notifications',
  'passkeys.confirm': passkey,
  'passkeys.confirmationOptions': passkey,
  'passkeys.delete': passkey,
  'passkeys.register': passkey,
  'passkeys.rename': passkey,
  'passkeys.signIn': passkey,
  'platformSettings.delete': everybody,
  'platformSettings.get': everybody,
  'platformSettings.set': everybody,
  'providerSignIn.complete': outside,
  'providerSignIn.start': outside,
  'runs.continue': 'needs a run that failed',
  'runs.input': 'needs a run that waits',
  'secondFactor.confirm': authenticator,
  'secondFactor.disable': authenticator,
  'secondFactor.replaceRecoveryCodes': authenticator,
  'users.removeSecondFactor': authenticator,
  'webhookDeliveries.get': 'needs a run that ended at an endpoint',
  'webhookDeliveries.redeliver': 'needs a run that ended at an endpoint',
  'webhookEndpoints.lastReplay': 'needs a replay',
  'webhookEndpoints.test': outside,
};
