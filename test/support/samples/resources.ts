import { asAdmin, confirmationOf, post } from '../../../client/conformance/samples/fixtures.ts';
import { resources as httpResources } from '../../../client/conformance/samples/resources.ts';
import type { SampleTables } from '../../../client/conformance/samples/sampleOf.ts';
import { notifyUsers } from '../../../server/resources/notifications/service.ts';
import { creditOperationOf } from '../credits/credits.ts';
import { passkeyOf } from '../passkeys/samples.ts';
import { bodies } from './bodies.ts';
import type { Maker, SampleContext } from './context.ts';
import { invitationTo, memberOf, workspaceOf } from './people.ts';
import { runOf, threadOf } from './runs.ts';
import { occurrenceOf, scheduleOf } from './schedules.ts';
import { deliveryOf, endpointOf } from './webhooks.ts';

/** ID of an unread notification of the maker. */
export async function notificationOf({ app, by }: Maker): Promise<string> {
  await notifyUsers(app.database, { accountId: by.accountId, userIds: [by.id], type: 'sample', title: 'Sample', body: 'For you.' });
  const [newest] = await app.sql('select id from notifications where user_id = $1 order by created_at desc, id desc limit 1', [by.id]);
  return newest.id;
}

/** ID of an identity of the maker. */
async function identityOf({ app, by }: Maker): Promise<string> {
  const id = crypto.randomUUID();
  await app.sql(`insert into user_identities (id, user_id, issuer, subject) values ($1, $2, 'https://sso.example.test', $3)`, [
    id,
    by.id,
    id,
  ]);
  return id;
}

/** ID of a referral by the maker. */
async function referralOf({ app, by }: Maker): Promise<string> {
  const { code } = (await app.call('GET', '/v1/me/invite-code', { token: by.token })).body;
  const { id } = await app.signUp({ invite_code: code });
  return (await app.sql('select id from referrals where invitee_user_id = $1', [id]))[0].id;
}

/** ID of an erasure that the maker has requested, of a workspace of its own. */
async function erasureOf(maker: SampleContext): Promise<string> {
  const account = await workspaceOf(maker);
  return (await post(maker, `/v1/accounts/${account}/erasure`, await confirmationOf(maker, account))).id;
}

/**
 * Creates the resource that a path parameter identifies, by the path up to the parameter. Those listed here need more than HTTP; in
 * alphabetical order.
 */
export const resources: SampleTables<SampleContext>['resources'] = {
  ...httpResources,
  // In the personal account of the maker, which the API does not allow.
  '/v1/account-invitations/{invitation_id}': async (maker) => (await invitationTo(maker, maker.by.accountId)).id,
  '/v1/account-invitations/{token}': async (maker) => (await invitationTo(maker, await workspaceOf(maker))).token,
  '/v1/accounts/{account_id}': workspaceOf,
  '/v1/accounts/{account_id}/members/{user_id}': (maker, { account_id: id }) => memberOf(maker, id!),
  '/v1/admin/credits/operations/{operation_id}': creditOperationOf,
  '/v1/admin/erasures/{erasure_id}': async (maker) => erasureOf(asAdmin(maker)),
  // Not route paths: they serve only to fill the lists.
  '/v1/admin/referrals/{referral_id}': referralOf,
  '/v1/admin/reports/{report_id}': async (maker) =>
    (await post(maker, `/v1/threads/${await threadOf(maker)}:report`, await bodies.NewReport!(maker, {}))).id,
  '/v1/llm-providers/{provider_id}': async (maker) => (await post(maker, '/v1/llm-providers', await bodies.NewLlmProvider!(maker, {}))).id,
  '/v1/me/erasures/{erasure_id}': erasureOf,
  '/v1/me/identities/{identity_id}': identityOf,
  '/v1/me/passkeys/{passkey_id}': passkeyOf,
  '/v1/notifications/{notification_id}': notificationOf,
  '/v1/runs/{run_id}': runOf,
  '/v1/schedules/{schedule_id}': scheduleOf,
  '/v1/schedules/{schedule_id}/occurrences/{occurrence_id}': occurrenceOf,
  '/v1/subscriptions/{subscription_id}': async (maker) =>
    (await post(asAdmin(maker), '/v1/subscriptions', await bodies.NewSubscription!(maker, {}))).id,
  '/v1/threads/{thread_id}': threadOf,
  '/v1/webhook-endpoints/{endpoint_id}': endpointOf,
  '/v1/webhook-endpoints/{endpoint_id}/deliveries/{delivery_id}': deliveryOf,
};
