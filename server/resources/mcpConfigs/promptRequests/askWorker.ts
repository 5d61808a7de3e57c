import { setTimeout as sleep } from 'node:timers/promises';
import type { App } from '../../../http/app.ts';
import { newId } from '../../../platform/crypto/ids.ts';
import { Failure, failWith } from '../../../platform/failure.ts';
import { openOutcome, type PromptOutcome, type PromptQuestion, sealMessage } from './messages.ts';
import * as queries from './queries.ts';

/** How long a request waits for a worker, and how long it takes in all, in milliseconds. The program has 20 s of it. */
const times = { unclaimedMs: 5_000, maxMs: 28_000 };

/** Notifications can be lost, so the row is read this often, and an unclaimed request is announced again. */
const pollMs = 1_000;

/**
 * Has a worker ask a program for its prompts, and waits for the outcome. The row is the request and the reply; notifications only save time. Throws
 * 503 `worker_unavailable`, or 502 `client_disconnected`.
 */
export async function askWorker(app: App, accountId: string, question: PromptQuestion, signal: AbortSignal): Promise<PromptOutcome> {
  const { database, keys, log, promptRequests } = app;
  const id = newId();
  const sealed = sealMessage(keys.encryptionKeys, { account_id: accountId, id }, 'request', question);
  await database.run(queries.insertRequest, { accountId, id, sealed });
  try {
    return await waitForReply(app, { accountId, id }, signal);
  } finally {
    promptRequests.forget(id);
    // A worker that has the request finds out when it renews its claim.
    await database
      .run(queries.deleteRequest, { accountId, id })
      .catch((error) => log.warn({ err: error }, 'a request for prompts was not deleted'));
  }
}

async function waitForReply({ database, keys, promptRequests }: App, key: { accountId: string; id: string }, signal: AbortSignal) {
  promptRequests.announce(key.id);
  while (true) {
    await nextLook(promptRequests.reply(key.id), signal);
    if (signal.aborted) throw failWith('upstream', 'client_disconnected', 'The client disconnected.');
    const state = await database.row(queries.selectReply, key);
    if (state?.reply_sealed) return openOutcome(keys.encryptionKeys, { account_id: key.accountId, id: key.id }, state.reply_sealed);
    // The row of an account that was removed meanwhile is gone.
    if (!state || state.age_ms > times.maxMs) throw unavailable(state?.attempts ?? 0);
    if (state.waiting_ms > (state.has_workers ? times.unclaimedMs : 0)) throw unavailable(state.attempts);
    if (state.waiting_ms > 0) promptRequests.announce(key.id);
  }
}

/** Resolves with the reply, when the client disconnects, or after a second. */
async function nextLook(reply: Promise<void>, signal: AbortSignal): Promise<void> {
  const looked = new AbortController();
  const bound = AbortSignal.any([signal, looked.signal]);
  await Promise.race([reply, sleep(pollMs, undefined, { signal: bound }).catch(() => undefined)]);
  looked.abort();
}

const unavailable = (attempts: number) =>
  new Failure(
    'unavailable',
    attempts > 0
      ? 'The worker that asked the program of this server has ended, and no other worker did it.'
      : 'The program of this server runs on workers, and no worker has taken the request.',
    { reason: 'worker_unavailable', attempts },
    { 'retry-after': '5' },
  );
