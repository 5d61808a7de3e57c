import type { WebhookEventType } from '../../../../../client/index.ts';

/** The events that a webhook can receive, with their names for users. */
export const events: readonly (readonly [WebhookEventType, string])[] = [
  ['run.completed', 'A run has completed'],
  ['run.failed', 'A run has failed'],
  ['run.cancelled', 'A run was canceled'],
  ['run.waiting_for_input', 'A run waits for input'],
  ['member.joined', 'A member has joined'],
  ['subscription.changed', 'The subscription has changed'],
  ['api_key.expiring', 'An API key expires soon'],
  ['credits.low', 'Credits are low'],
  ['account.erasure_scheduled', 'The account will be erased'],
  ['account.erasure_cancelled', 'The erasure of the account was canceled'],
  ['account.erased', 'An account that you had erased is gone'],
];
