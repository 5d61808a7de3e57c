import type { WebhookEventType } from '../../../../../client/index.ts';

/** The events that a webhook can receive, with their names for users. */
export const events: readonly (readonly [WebhookEventType, string])[] = [
  ['run.completed', 'A run has completed'],
  ['run.failed', 'A run has failed'],
  ['run.cancelled', 'A run was canceled'],
];
