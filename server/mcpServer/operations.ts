import { type RunOutcome, toolOperations } from '../../contract/mcpTools.ts';
import type { WorkspaceItem } from '../../contract/workspaces.ts';
import { globAction, grepAction } from '../agent/tools/workspace/searchTools.ts';
import { type Deps, type Target } from '../agent/tools/workspace/toolStore.ts';
import { editAction, listAction, readPart, writeAction } from '../agent/tools/workspace/workspaceTools.ts';
import { implement } from '../http/pipeline/implement.ts';
import type { Scope } from '../http/scope.ts';
import { createMessage } from '../resources/messages/service.ts';
import { listMessages } from '../resources/messages/service.ts';
import { viewMessage } from '../resources/messages/view.ts';
import { listSelectable } from '../resources/personas/selectable.ts';
import { viewSelectable } from '../resources/personas/view.ts';
import type { ProjectRow } from '../resources/projects/queries.ts';
import { findProject } from '../resources/projects/service.ts';
import { provideInput } from '../resources/runs/input.ts';
import * as runs from '../resources/runs/service.ts';
import { commonFields } from '../resources/runs/view.ts';
import { findThread } from '../resources/threads/service.ts';
import { viewThread } from '../resources/threads/view.ts';
import { workspaceChangerOf } from '../resources/workspaces/change.ts';
import { findWorkspace, withStorage } from '../resources/workspaces/service.ts';
import type { Storage } from '../storage/storage.ts';
import * as queries from './queries.ts';

/** The operations that exist only as tools. */
export const toolOperationHandlers = implement(
  toolOperations,
  { thread: findThread, run: runs.findRun, project: findProject },
  {
    getThread: async ({ scope, loaded, query }) => {
      const { rows, next } = await listMessages(scope, loaded.thread, { ...query, order: 'asc' });
      return { status: 200, body: { thread: viewThread(loaded.thread), messages: rows.map(viewListed) }, next };
    },
    // One transaction: without a run, there is no message either, so that the call can be repeated.
    sendMessage: async ({ scope, loaded, body: { content, wait_seconds: _, ...options } }) => {
      const message = await createMessage(scope, loaded.thread, { content });
      scope.audit({ action: 'message.create', targetType: 'message', targetId: message.id });
      return { status: 201, body: await runs.createRun(scope, loaded.thread, options) };
    },
    getRun: async ({ scope, loaded }) => ({ status: 200, body: await readOutcome(scope, loaded.run) }),
    answerQuestion: async ({ scope, loaded, body: { wait_seconds: _, ...input } }) => {
      await provideInput(scope, loaded.run, input);
      return { status: 200, body: { run_id: loaded.run.id } };
    },
    cancelRun: async ({ scope, loaded }) => {
      await runs.cancelRun(scope, loaded.run, {});
      return { status: 200, body: { ok: true } };
    },
    listPersonas: async ({ scope }) => ({ status: 200, body: (await listSelectable(scope)).map(viewSelectable).map(viewPersona) }),
    listFolder: async ({ scope, loaded, body: { limit, offset, ...folder }, signal }) => ({
      status: 200,
      body: await inWorkspace(scope, loaded.project, signal(), async (deps, target) => {
        const { path, items } = await listAction.act(deps, folder, target);
        const end = offset + limit;
        const page = items.slice(offset, end).map(viewItem);
        return { path, items: page, total: items.length, ...(end < items.length && { next_offset: end }) };
      }),
    }),
    readFile: async ({ scope, loaded, body: { path, offset, max_bytes: most }, signal }) => ({
      status: 200,
      body: await inWorkspace(scope, loaded.project, signal(), async (deps, target) => {
        const part = await readPart(deps, target, { path, offset, most });
        const read = 'content' in part ? Buffer.byteLength(part.content) : Buffer.byteLength(part.base64, 'base64');
        return { ...part, ...(part.truncated && { next_offset: offset + read }) };
      }),
    }),
    writeFile: async ({ scope, loaded, body, signal }) => ({
      status: 200,
      body: await inWorkspace(scope, loaded.project, signal(), async (deps, target) =>
        audited(scope, await writeAction.act(deps, body, target)),
      ),
    }),
    editFile: async ({ scope, loaded, body, signal }) => ({
      status: 200,
      body: await inWorkspace(scope, loaded.project, signal(), async (deps, target) =>
        audited(scope, await editAction.act(deps, body, target)),
      ),
    }),
    glob: async ({ scope, loaded, body, signal }) => ({
      status: 200,
      body: await inWorkspace(scope, loaded.project, signal(), (deps, target) => globAction.act(deps, body, target)),
    }),
    grep: async ({ scope, loaded, body, signal }) => ({
      status: 200,
      body: await inWorkspace(scope, loaded.project, signal(), (deps, target) => grepAction.act(deps, body, target)),
    }),
  },
);

const viewListed = (row: Parameters<typeof viewMessage>[0]) => {
  const { account_id: _, thread_id: __, content_json: ___, ...message } = viewMessage(row);
  return message;
};

const viewItem = (item: WorkspaceItem) => ({
  path: item.path,
  type: item.type,
  ...(item.type !== 'dir' && { size: item.size, mtime_unix_ms: item.mtime_unix_ms }),
});

const viewPersona = ({ persona_key, display_name, description, model, reasoning_mode }: ReturnType<typeof viewSelectable>) => ({
  persona_key,
  display_name,
  description,
  model,
  reasoning_mode,
});

const notes: Partial<Record<RunOutcome['status'], string>> = {
  running: 'The run goes on. Call get_run with this run_id and wait_seconds to wait for the answer.',
  cancelling: 'The run is being canceled. Call get_run with this run_id to see its end.',
  waiting_for_input:
    'The run waits for an answer to its question: call answer_question with this run_id and the request_id of the question.',
};

async function readOutcome({ db, accountId }: Scope, run: runs.ReadableRun): Promise<RunOutcome> {
  const { answer = null, question = null } = (await db.row(queries.selectOutcome, { accountId, id: run.id })) ?? {};
  const { run_id, thread_id, status, model, total_input_tokens, total_output_tokens, total_cost_usd } = commonFields(run);
  return {
    run_id,
    thread_id,
    status,
    model,
    error: run.error && { error_class: run.error.error_class, message: run.error.message },
    total_input_tokens,
    total_output_tokens,
    total_cost_usd,
    answer,
    question: question && {
      request_id: question.request_id,
      ...(question.message !== undefined && { message: question.message }),
      ...(question.requestedSchema && { requested_schema: question.requestedSchema }),
      ...(question.mcp_server && { mcp_server: question.mcp_server }),
      expires_at: question.expires_at,
    },
    ...(notes[status] !== undefined && { note: notes[status] }),
  };
}

/** Works on the files of the caller in a project. Throws 503 without a store. */
const inWorkspace = <T>(
  scope: Scope,
  project: ProjectRow,
  signal: AbortSignal,
  work: (deps: Deps & { storage: Storage }, target: Target) => Promise<T>,
): Promise<T> =>
  withStorage(scope, (storage) => {
    const { database } = scope.app;
    const deps = { database, storage, changeWorkspace: workspaceChangerOf(database, storage) };
    return work(deps, { find: () => findWorkspace(scope, project), signal });
  });

function audited<File extends { path: string; size: number }>(scope: Scope, file: File): File {
  scope.audit({ metadata: { path: file.path, size: file.size } });
  return file;
}
