import type { ShareRow } from './queries.ts';

/** The values of a statement about the messages that a share shows. */
export const shownOf = ({ id, account_id, thread_id, live_update, last_message_number, hidden_message_numbers }: ShareRow) => [
  account_id,
  thread_id,
  live_update,
  last_message_number,
  hidden_message_numbers,
  id,
];
