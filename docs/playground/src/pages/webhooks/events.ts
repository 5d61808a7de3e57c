import type { WebhookEventType } from '../../../../../client/index.ts';

/** The events that a webhook can receive, with their names for users: in a sentence, and in a list. */
export const events: readonly (readonly [WebhookEventType, sentence: string, short: string])[] = [
  ['run.completed', 'A run has completed', 'completed runs'],
  ['run.failed', 'A run has failed', 'failed runs'],
  ['run.cancelled', 'A run was canceled', 'canceled runs'],
  ['run.waiting_for_input', 'A run waits for input', 'runs that wait for input'],
  ['member.joined', 'A member has joined', 'new members'],
  ['subscription.changed', 'The subscription has changed', 'changes of the subscription'],
  ['api_key.expiring', 'An API key expires soon', 'expiring API keys'],
  ['credits.low', 'Credits are low', 'low credits'],
  ['account.erasure_scheduled', 'The workspace will be erased', 'scheduled erasures'],
  ['account.erasure_cancelled', 'The erasure of the workspace was canceled', 'canceled erasures'],
  ['account.erased', 'A workspace that you had erased is gone', 'completed erasures'],
];

/** `Completed runs, low credits`. Events of a newer server keep their code. */
export const eventNames = (types: readonly WebhookEventType[]): string =>
  sentenceCase(types.map((type) => events.find(([known]) => known === type)?.[2] ?? type).join(', '));

const sentenceCase = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
