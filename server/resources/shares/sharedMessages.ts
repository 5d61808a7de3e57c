import type { SharedMessagesFilter, ShareRow } from './queries.ts';

/** The statement parameters for the messages that a share shows. */
export const sharedMessagesFilter = ({
  id,
  account_id,
  thread_id,
  live_update,
  last_message_number,
  hidden_message_numbers,
}: ShareRow): SharedMessagesFilter => ({
  accountId: account_id,
  threadId: thread_id,
  shareId: id,
  isLive: live_update,
  lastMessageNumber: last_message_number,
  hiddenMessageNumbers: hidden_message_numbers,
});
