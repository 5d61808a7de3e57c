import { recordingOf, textToStage } from '../fileSamples.ts';
import { writeFiles } from '../files.ts';
import { mailSent } from '../mailSamples.ts';
import { notificationOf } from '../notificationSamples.ts';
import { addresseeOf } from '../peopleSamples.ts';
import type { Maker, Params, Sample } from '../samples.ts';
import { shareToDelete } from '../shareSamples.ts';
import { ageInviteCodes, forgetAdmin, post } from './makers.ts';

const days = { start: '2026-01-01', end: '2026-01-31' };
const nobody = '00000000-0000-0000-0000-000000000000';

/** A good query, by operation, where none is not good enough, in alphabetical order. */
export const queries: Record<string, Record<string, string>> = {
  'credits.ofAccount': { account_id: nobody },
  'entitlementOverrides.delete': { account_id: nobody },
  'entitlementOverrides.list': { account_id: nobody },
  'referrals.tree': { user_id: nobody },
  'runs.events': { follow: 'false' },
  'shares.delete': { id: nobody },
  'subscriptions.list': { status: 'all' },
  'threads.search': { q: 'a' },
  'toolProviders.activate': { scope: 'account' },
  'toolProviders.clearCredential': { scope: 'account' },
  'toolProviders.deactivate': { scope: 'account' },
  'toolProviders.list': { scope: 'account' },
  'toolProviders.setCredential': { scope: 'account' },
  'usage.daily': days,
  'usage.hourly': days,
  'usage.mineDaily': days,
  'usage.mineHourly': days,
  'usage.ofAccountDaily': days,
  'usage.ofAccountHourly': days,
  'workspaces.file': { path: '/sample.txt' },
};

/** What else a good request needs, by operation, in alphabetical order. */
export const extras: Record<string, (maker: Maker, params: Params) => Promise<Partial<Sample>>> = {
  // Of somebody who has not opened many yet: their number is limited.
  'accounts.create': async ({ world }) => ({ token: (await world.signUp()).token }),
  'asr.transcribe': recordingOf,
  'attachments.stage': textToStage,
  'auth.logout': async ({ world }) => ({ token: (await world.signUp()).token }),
  'auth.refresh': async ({ world }) => ({ headers: { cookie: (await world.signUp()).cookie } }),
  'auth.sendVerification': async ({ world }) => ({ token: (await world.signUp()).token }),
  'bootstrap.init': async ({ world }) => forgetAdmin(world).then(() => ({})),
  'credits.ofAccount': async ({ by }) => ({ query: { account_id: by.accountId } }),
  'email.test': mailSent,
  'entitlementOverrides.delete': async ({ by }) => ({ query: { account_id: by.accountId } }),
  'entitlementOverrides.list': async ({ by }) => ({ query: { account_id: by.accountId } }),
  'invitations.accept': (maker, { token }) => addresseeOf(maker, token!),
  'me.changePassword': async ({ world }) => ({ token: (await world.signUp()).token }),
  'me.resetInviteCode': async ({ world, by }) => ageInviteCodes(world, by).then(() => ({})),
  'notifications.readAll': (maker) => notificationOf(maker).then(() => ({})),
  'referrals.tree': async ({ by }) => ({ query: { user_id: by.id } }),
  'runs.retry': async (maker, { thread_id: id }) => post(maker, `/v1/threads/${id}/messages`, { content: 'hi' }).then(() => ({})),
  'shares.delete': shareToDelete,
  'workspaces.file': async ({ world, by }, { project_id: id }) => writeFiles(world, by, id!, { '/sample.txt': 'sample' }).then(() => ({})),
};

/** The answer of operations that no sample can make succeed in an installation without the world outside, in alphabetical order. */
export const unfulfilled: Record<string, { status: number; reason: string }> = {
  'llmProviders.availableModels': { status: 502, reason: 'upstream_request_failed' },
};
