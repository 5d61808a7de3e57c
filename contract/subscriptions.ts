import { z } from 'zod';
import { changes, Id, inconsistentValues, Time } from './shared/fields.ts';
import { Instant } from './shared/instant.ts';
import { pageQuery } from './shared/pagination.ts';
import { initContract, type Resource } from './shared/route.ts';

const statuses = ['active', 'cancelled', 'expired'] as const;

export const Subscription = z
  .object({
    id: Id.meta({ description: 'ID of the subscription.' }),
    account_id: Id.meta({ description: 'The subscribed account.' }),
    plan_id: Id.meta({ description: 'The plan whose entitlements apply.' }),
    status: z
      .enum(statuses)
      .meta({ description: 'A subscription stays `active` until it is canceled, regardless of its period. `expired` is reserved.' }),
    current_period_start: Time.meta({ description: 'Monthly credit grants are counted from this instant.' }),
    current_period_end: Time.meta({ description: 'Monthly credit grants stop at this instant. The subscription does not end.' }),
    cancelled_at: Time.nullable().meta({ description: 'When the subscription was canceled; null while it is active.' }),
    created_at: Time.meta({ description: 'When the subscription was created.' }),
  })
  .meta({ id: 'Subscription', description: 'The plan of an account.' });
export type Subscription = z.infer<typeof Subscription>;

const start = Instant.meta({ description: 'Monthly credit grants are counted from this instant.' });
const end = Instant.meta({ description: 'Must be after the start. Monthly credit grants stop at this instant.' });

export const NewSubscription = z
  .strictObject({
    account_id: Id.meta({ description: 'The account to subscribe.' }),
    plan_id: Id.meta({ description: 'The plan whose entitlements the account gets.' }),
    current_period_start: start,
    current_period_end: end,
  })
  .check(({ value, issues }) => {
    if (issues.length === 0 && value.current_period_end <= value.current_period_start)
      issues.push({
        code: 'custom',
        path: ['current_period_end'],
        input: value,
        message: 'must be after the start',
        params: inconsistentValues,
      });
  })
  .meta({ id: 'NewSubscription', description: 'A subscription to create.' });
export type NewSubscription = z.infer<typeof NewSubscription>;

export const SubscriptionChanges = changes({ current_period_start: start.optional(), current_period_end: end.optional() }).meta({
  id: 'SubscriptionChanges',
  description: 'The period to change. At least one field is required.',
});
export type SubscriptionChanges = z.infer<typeof SubscriptionChanges>;

export const SubscriptionsQuery = pageQuery().extend({
  account_id: Id.optional().meta({
    description: 'Return only subscriptions of this account. Members can see only those of their own account.',
  }),
  status: z
    .enum([...statuses, 'all'])
    .meta({ id: 'SubscriptionFilter', description: 'A status of subscriptions, or `all`.' })
    .optional()
    .meta({ description: 'Defaults to `active` for members and to `all` for platform admins.' }),
});
export type SubscriptionsQuery = z.infer<typeof SubscriptionsQuery>;

const permission = 'platform.subscriptions.manage';
const reading = { auth: 'user+key', read: 'data.subscriptions.read', exempt: 'platform.admin', service: [permission] } as const;

export const subscriptions = initContract().router({
  create: {
    method: 'POST',
    path: '/v1/subscriptions',
    summary: 'Subscribe an account to a plan',
    description:
      'The entitlements of the plan apply immediately, and the due monthly credits are granted. An account has at most one active subscription: cancel it before you change the plan.',
    body: NewSubscription,
    responses: { 201: Subscription },
    metadata: { auth: 'platform', permission, audit: ['subscription.create', 'subscription'] },
  },
  list: {
    method: 'GET',
    path: '/v1/subscriptions',
    summary: 'List subscriptions, newest first',
    description: 'Members see the active subscription of their account. Platform admins see the subscriptions of all accounts.',
    query: SubscriptionsQuery,
    responses: { 200: z.array(Subscription) },
    metadata: { ...reading, pages: 'cursor', queryIds: { account_id: 'account' } },
  },
  get: {
    method: 'GET',
    path: '/v1/subscriptions/{subscription_id}',
    summary: 'Retrieve a subscription',
    description: 'Members see the subscriptions of their account, platform admins all.',
    responses: { 200: Subscription },
    metadata: reading,
  },
  update: {
    method: 'PATCH',
    path: '/v1/subscriptions/{subscription_id}',
    summary: 'Update the period of a subscription',
    description:
      'Use this to renew a subscription after payment. The due monthly credits are granted. A canceled subscription returns 409.',
    body: SubscriptionChanges,
    responses: { 200: Subscription },
    metadata: { auth: 'platform', permission, audit: ['subscription.update', 'subscription'], extraErrors: [409] },
  },
  cancel: {
    method: 'DELETE',
    path: '/v1/subscriptions/{subscription_id}',
    summary: 'Cancel a subscription immediately',
    description: 'The entitlements of the plan end immediately; granted credits are kept. Afterwards the account can be subscribed again.',
    body: null,
    responses: { 204: null },
    metadata: { auth: 'platform', permission, audit: ['subscription.cancel', 'subscription'], extraErrors: [409] },
  },
} as const satisfies Resource);
