import type { RunEvent } from '../../../contract/events.ts';
import { runs } from '../../../contract/runs.ts';
import { type Implementation, implement } from '../../http/implement.ts';
import { eventStream, type StreamBody } from '../../http/sse.ts';
import { findThread } from '../threads/service.ts';
import { openStream } from './follow.ts';
import type { Hub } from './hub.ts';
import { provideInput } from './input.ts';
import { findListedAccount, findListedRun, findListedUser, listRuns } from './list.ts';
import * as service from './service.ts';
import { viewRun, viewRunSummary, viewThreadRun } from './view.ts';

/** Runs are served with the hub of the process, which hands their events out. */
export const runHandlers = (hub: Hub): Implementation =>
  implement(
    runs,
    {
      thread: findThread,
      run: service.findRun,
      '?account_id': findListedAccount,
      '?user_id': findListedUser,
      '?parent_run_id': findListedRun,
      message: (scope, id, _intent, found) => service.findUserMessage(scope, id, found),
    },
    {
      create: async ({ scope, found, body }) => ({ status: 201, body: await service.createRun(scope, found.thread, body) }),
      listInThread: async ({ scope, found, query }) => {
        const { rows, next } = await service.listThreadRuns(scope, found.thread, query);
        return { status: 200, body: rows.map(viewThreadRun), next };
      },
      list: async ({ scope, query }) => {
        const { rows, next } = await listRuns(scope, query);
        return { status: 200, body: rows.map(viewRunSummary), next };
      },
      get: async ({ scope, found }) => ({ status: 200, body: viewRun(found.run, await service.listChildRuns(scope, found.run)) }),
      cancel: async ({ scope, found, body }) => {
        await service.cancelRun(scope, found.run, body);
        return { status: 200, body: { ok: true } };
      },
      input: async ({ scope, found, body }) => {
        await provideInput(scope, found.run, body);
        return { status: 200, body: { ok: true } };
      },
      events: ({ scope, found, query, headers, req, signal }) => {
        const source = openStream(hub, scope, found.run, { query, headers, authorization: req.headers.authorization, signal: signal() });
        if (!source) return { status: 204, body: undefined };
        return { status: 200, body: published(eventStream(source.chunks, source.options)) };
      },
      retry: async ({ scope, found, body }) => ({ status: 201, body: await service.retryThread(scope, found.thread, body) }),
      continue: async ({ scope, found, body }) => ({ status: 201, body: await service.continueThread(scope, found.thread, body.run_id) }),
      editMessage: async ({ scope, found, body }) => ({
        status: 201,
        body: await service.editMessage(scope, found.thread, found.message, body),
      }),
    },
  );

/** Events leave as bytes that all readers share; the contract knows them as what they say. */
const published = (body: StreamBody) => body as unknown as AsyncIterable<RunEvent>;
