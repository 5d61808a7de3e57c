import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { changes, Id, inconsistentValues, Time } from './shared/fields.ts';
import { Instant } from './shared/instant.ts';
import { pageQuery } from './shared/pagination.ts';
import type { Resource } from './shared/route.ts';

const statuses = ['active', 'cancelled', 'expired'] as const;

export const Subscription = z
  .object({
    id: Id,
    account_id: Id,
    plan_id: Id,
    status: z
      .enum(statuses)
      .meta({ description: 'A subscription stays `active` until it is canceled, regardless of its period. `expired` is reserved.' }),
    current_period_start: Time,
    current_period_end: Time,
    cancelled_at: Time.nullable(),
    created_at: Time,
  })
  .meta({ id: 'Subscription' });
export type Subscription = z.infer<typeof Subscription>;

const start = Instant.meta({ description: 'Monthly credit grants are counted from this instant.' });
const end = Instant.meta({ description: 'Must be after the start. Monthly credit grants stop at this instant.' });

export const NewSubscription = z
  .strictObject({ account_id: Id, plan_id: Id, current_period_start: start, current_period_end: end })
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
  .meta({ id: 'NewSubscription' });
export type NewSubscription = z.infer<typeof NewSubscription>;

export const SubscriptionChanges = changes({ current_period_start: start.optional(), current_period_end: end.optional() }).meta({
  id: 'SubscriptionChanges',
});
export type SubscriptionChanges = z.infer<typeof SubscriptionChanges>;

export const SubscriptionsQuery = pageQuery().extend({
  account_id: Id.optional().meta({
    description: 'Return only subscriptions of this account. Members can see only those of their own account.',
  }),
  status: z
    .enum([...statuses, 'all'])
    .optional()
    .meta({ description: 'Defaults to `active` for members and to `all` for platform admins.' }),
});
export type SubscriptionsQuery = z.infer<typeof SubscriptionsQuery>;

const permission = 'platform.subscriptions.manage';
const reading = { auth: 'user+key', read: 'data.subscriptions.read', exempt: 'platform.admin' } as const;

export const subscriptions = initContract().router({
  create: {
    method: 'POST',
    path: '/v1/subscriptions',
    summary: 'Subscribe an account to a plan',
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
    responses: { 200: Subscription },
    metadata: reading,
  },
  update: {
    method: 'PATCH',
    path: '/v1/subscriptions/{subscription_id}',
    summary: 'Update the period of a subscription',
    body: SubscriptionChanges,
    responses: { 200: Subscription },
    metadata: { auth: 'platform', permission, audit: ['subscription.update', 'subscription'], extraErrors: [409] },
  },
  cancel: {
    method: 'DELETE',
    path: '/v1/subscriptions/{subscription_id}',
    summary: 'Cancel a subscription immediately',
    body: null,
    responses: { 204: null },
    metadata: { auth: 'platform', permission, audit: ['subscription.cancel', 'subscription'], extraErrors: [409] },
  },
} as const satisfies Resource);
