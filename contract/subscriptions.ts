import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { betweenValues, Id, oneOrMore, someField, Time } from './shared/fields.ts';
import { Instant } from './shared/instant.ts';
import { pageQuery } from './shared/pages.ts';
import type { Resource } from './shared/route.ts';

const statuses = ['active', 'cancelled', 'expired'] as const;

/** One account on one plan. */
export const Subscription = z
  .object({
    id: Id,
    account_id: Id,
    plan_id: Id,
    status: z.enum(statuses).meta({ description: 'It stays active until it is cancelled, whatever its period; `expired` is reserved.' }),
    current_period_start: Time,
    current_period_end: Time,
    cancelled_at: Time.nullable(),
    created_at: Time,
  })
  .meta({ id: 'Subscription' });
export type Subscription = z.infer<typeof Subscription>;

const start = Instant.meta({ description: 'Monthly grants are counted from here.' });
const end = Instant.meta({ description: 'After the start; monthly grants stop here.' });

export const NewSubscription = z
  .strictObject({ account_id: Id, plan_id: Id, current_period_start: start, current_period_end: end })
  .check(({ value, issues }) => {
    if (issues.length === 0 && value.current_period_end <= value.current_period_start)
      issues.push({
        code: 'custom',
        path: ['current_period_end'],
        input: value,
        message: 'must be after the start',
        params: betweenValues,
      });
  })
  .meta({ id: 'NewSubscription' });
export type NewSubscription = z.infer<typeof NewSubscription>;

export const SubscriptionChanges = z
  .strictObject({ current_period_start: start.optional(), current_period_end: end.optional() })
  .refine(...someField)
  .meta(oneOrMore)
  .meta({ id: 'SubscriptionChanges' });
export type SubscriptionChanges = z.infer<typeof SubscriptionChanges>;

export const SubscriptionsQuery = pageQuery().extend({
  account_id: Id.optional().meta({ description: 'Only of this account; members see that of their own account only.' }),
  status: z
    .enum([...statuses, 'all'])
    .optional()
    .meta({ description: 'Unset: `active` for a member, `all` for the platform.' }),
});
export type SubscriptionsQuery = z.infer<typeof SubscriptionsQuery>;

const permission = 'platform.subscriptions.manage';
const reading = { auth: 'user+key', read: 'data.subscriptions.read', or: 'platform.admin' } as const;

/** Which account is on which plan. */
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
    description: 'Members see the active one of their account; the platform sees those of all accounts.',
    query: SubscriptionsQuery,
    responses: { 200: z.array(Subscription) },
    metadata: { ...reading, pages: 'cursor', queryIds: { account_id: 'account' } },
  },
  get: {
    method: 'GET',
    path: '/v1/subscriptions/{subscription_id}',
    summary: 'Read a subscription',
    responses: { 200: Subscription },
    metadata: reading,
  },
  update: {
    method: 'PATCH',
    path: '/v1/subscriptions/{subscription_id}',
    summary: 'Renew a subscription',
    body: SubscriptionChanges,
    responses: { 200: Subscription },
    metadata: { auth: 'platform', permission, audit: ['subscription.update', 'subscription'], also: [409] },
  },
  cancel: {
    method: 'DELETE',
    path: '/v1/subscriptions/{subscription_id}',
    summary: 'Cancel a subscription, at once',
    body: null,
    responses: { 204: null },
    metadata: { auth: 'platform', permission, audit: ['subscription.cancel', 'subscription'], also: [409] },
  },
} as const satisfies Resource);
