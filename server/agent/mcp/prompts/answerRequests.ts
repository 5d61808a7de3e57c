import type { McpPromptRequest } from '../../../../contract/mcpConfigs.ts';
import type { Database } from '../../../database/sql.ts';
import type { RowOf } from '../../../database/statement.ts';
import { newId } from '../../../platform/crypto/ids.ts';
import type { Keys } from '../../../platform/crypto/keys.ts';
import type { Log } from '../../../platform/telemetry/log.ts';
import type { NotificationChannel } from '../../../pubsub/notificationChannel.ts';
import { promptReplyChannel, promptRequestChannel } from '../../../pubsub/promptRequests.ts';
import { openQuestion, type PromptOutcome, type RequestKey, sealMessage } from '../../../resources/mcpConfigs/promptRequests/messages.ts';
import { ToolFailure } from '../../tools/tool.ts';
import { protocolError } from '../failures.ts';
import * as queries from './queries.ts';
import { failedOutcome } from './readPrompts.ts';

export type AskServer = (
  server: { account_id: string; id: string },
  request: McpPromptRequest | undefined,
  signal: AbortSignal,
) => Promise<PromptOutcome>;

type Deps = { database: Database; keys: Keys; channel: NotificationChannel; log: Log; ask: AskServer };

/** Requests in progress in this worker. An account has few of them, so that a slow program does not hold up other accounts. */
const maxRequests = { ofAccount: 10, ofAll: 40 };

/** Times in milliseconds. A claim that is not renewed for `claimMs` is one of a dead worker. `maxAgeMs`: when the caller soon gives up. */
const times = { renewMs: 1_000, claimMs: 5_000, askMs: 20_000, maxAgeMs: 27_000 };

/** Characters of a reply in JSON. Servers send at most 4 MiB, to which the fields of the API are added. */
const maxReplyChars = 16 * 1024 * 1024;

type Request = NonNullable<RowOf<typeof queries.claimRequest>>;
type InProgress = { request: Request; stop: AbortController };

/** Answers requests for prompts of programs. The table is the queue; a claim that is not renewed passes to another worker. */
export function answerPromptRequests({ database, keys, channel, log, ask }: Deps) {
  const active = new Map<string, InProgress>();
  const underway = new Set<Promise<void>>();
  let [isLooking, again, closed] = [false, false, false];
  const complain = (what: string) => (error: unknown) => void log.warn({ err: error }, what);
  const track = (work: Promise<void>) => {
    const tracked: Promise<void> = work.finally(() => underway.delete(tracked));
    underway.add(tracked);
  };

  function busyAccounts(): string[] {
    const counts = Map.groupBy(active.values(), ({ request }) => request.account_id);
    return [...counts].flatMap(([account, requests]) => (requests.length >= maxRequests.ofAccount ? [account] : []));
  }
  async function claimAll() {
    if (isLooking) return void (again = true);
    isLooking = true;
    try {
      do {
        again = false;
        while (!closed && active.size < maxRequests.ofAll) {
          const claimId = newId();
          const limits = { seconds: times.claimMs / 1_000, maxAgeMs: times.maxAgeMs, busy: busyAccounts() };
          const own = [...active.values()].map(({ request }) => request.id);
          const request = await database.row(queries.claimRequest, { claimId, ...limits, own });
          if (!request) break;
          track(answer(request, claimId).catch(complain('a request for prompts was not answered')));
        }
      } while (again && !closed);
    } finally {
      isLooking = false;
    }
  }
  function look() {
    if (!closed) track(claimAll().catch(complain('requests for prompts were not looked for')));
  }

  async function answer(request: Request, claimId: string) {
    const { account_id: accountId, id } = request;
    const stop = new AbortController();
    active.set(claimId, { request, stop });
    try {
      const outcome = await outcomeOf(request, stop.signal);
      const sealed = sealMessage(keys.encryptionKeys, request, 'reply', outcome);
      if ((await database.run(queries.storeReply, { accountId, id, sealed })) > 0) await channel.publish(promptReplyChannel, id);
    } catch (error) {
      // Not an error of the server: another worker may answer, or the caller has left.
      await database.run(queries.releaseClaim, { accountId, id, claimId });
      if (!stop.signal.aborted) throw error;
    } finally {
      active.delete(claimId);
      look();
    }
  }
  async function outcomeOf(request: Request, stop: AbortSignal): Promise<PromptOutcome> {
    const { config_id: id, prompt } = openQuestion(keys.encryptionKeys, request as RequestKey, request.request_sealed);
    const late = AbortSignal.timeout(Math.max(0, Math.min(times.askMs, times.maxAgeMs - request.age_ms)));
    try {
      const outcome = await ask({ account_id: request.account_id, id }, prompt, AbortSignal.any([late, stop]));
      return JSON.stringify(outcome).length > maxReplyChars ? failedOutcome(protocolError('The tool server sent too much.')) : outcome;
    } catch (error) {
      if (!stop.aborted && (error instanceof ToolFailure || error === late.reason)) return failedOutcome(error);
      throw error;
    }
  }

  let isRenewing = false;
  async function renew() {
    if (isRenewing || active.size === 0) return;
    isRenewing = true;
    try {
      const claimIds = [...active.keys()];
      const held = await database.rows(queries.renewClaims, { claimIds, seconds: times.claimMs / 1_000 });
      const kept = new Set(held.map(({ claim_id: claimId }) => claimId));
      for (const claimId of claimIds) if (!kept.has(claimId)) active.get(claimId)?.stop.abort();
    } finally {
      isRenewing = false;
    }
  }
  const renewing = setInterval(() => track(renew().catch(complain('claims of requests for prompts were not renewed'))), times.renewMs);
  channel.on(promptRequestChannel, look);
  look();
  return {
    /** Leaves the requests in progress to other workers. */
    async shutDown() {
      closed = true;
      clearInterval(renewing);
      for (const { stop } of active.values()) stop.abort();
      while (underway.size > 0) await Promise.all(underway);
    },
  };
}
