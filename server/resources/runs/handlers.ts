import { runs } from '../../../contract/runs.ts';
import { implement, type Implementation } from '../../http/pipeline/implement.ts';
import { recheckOf } from '../../http/pipeline/recheck.ts';
import { eventStream } from '../../http/sse.ts';
import type { EventBroker } from '../../runs/follow/eventBroker.ts';
import { openStream } from '../../runs/follow/openStream.ts';
import { findThread } from '../threads/service.ts';
import { provideInput } from './input.ts';
import { findListedAccount, findListedRun, findListedUser, listRuns } from './list.ts';
import { type CopyTurns, replayRun } from './replay.ts';
import * as service from './service.ts';
import { viewRun, viewRunSummary, viewThreadRun } from './view.ts';

/** The broker distributes the run events of this process. `copyTurns` reads the turns of a run from its events. */
export const runHandlers = (eventBroker: EventBroker, copyTurns: CopyTurns): Implementation =>
  implement(
    runs,
    {
      thread: findThread,
      run: service.findRun,
      '?account_id': findListedAccount,
      '?user_id': findListedUser,
      '?parent_run_id': findListedRun,
      message: (scope, id, _intent, loaded) => service.findUserMessage(scope, id, loaded),
    },
    {
      create: async ({ scope, loaded, body }) => ({ status: 201, body: await service.createRun(scope, loaded.thread, body) }),
      listInThread: async ({ scope, loaded, query }) => {
        const { rows, next } = await service.listThreadRuns(scope, loaded.thread, query);
        return { status: 200, body: rows.map(viewThreadRun), next };
      },
      list: async ({ scope, query }) => {
        const { rows, next } = await listRuns(scope, query);
        return { status: 200, body: rows.map(viewRunSummary), next };
      },
      get: async ({ scope, loaded }) => ({ status: 200, body: viewRun(loaded.run, await service.listChildRuns(scope, loaded.run)) }),
      cancel: async ({ scope, loaded, body }) => {
        await service.cancelRun(scope, loaded.run, body);
        return { status: 200, body: { ok: true } };
      },
      input: async ({ scope, loaded, body }) => {
        await provideInput(scope, loaded.run, body);
        return { status: 200, body: { ok: true } };
      },
      events: async ({ scope, loaded, query, headers, req, signal, authenticated }) => {
        const source = await openStream(eventBroker, scope, loaded.run, {
          query,
          headers,
          authorization: req.headers.authorization,
          recheck: recheckOf(runs.events, authenticated),
          signal: signal(),
        });
        if (!source) return { status: 204, body: undefined };
        return { status: 200, body: eventStream(source.chunks, source.options) };
      },
      retry: async ({ scope, loaded, body }) => ({ status: 201, body: await service.retryThread(scope, loaded.thread, body) }),
      continue: async ({ scope, loaded, body }) => ({ status: 201, body: await service.continueThread(scope, loaded.thread, body.run_id) }),
      replay: async ({ scope, loaded, body }) => ({ status: 201, body: await replayRun(scope, loaded.run, body, copyTurns) }),
      editMessage: async ({ scope, loaded, body }) => ({
        status: 201,
        body: await service.editMessage(scope, loaded.thread, loaded.message, body),
      }),
    },
  );
