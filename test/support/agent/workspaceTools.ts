import { type ToolContext, ToolFailure } from '../../../server/agent/tools/tool.ts';
import { createWorkspaceTools } from '../../../server/agent/tools/workspace/workspaceTools.ts';
import type { Storage } from '../../../server/storage/storage.ts';
import type { TestApp } from '../app/testApp.ts';
import { storageOf, userWithFiles } from '../resources/files.ts';

type Outcome = Record<string, any>;

/** Creates users with files, and the workspace tools of a run in one of their threads. Each `process()` has its own tool set. */
export function workspaceToolsFactory(app: TestApp) {
  const { database, call } = app;
  return async (thread: object = {}, store: Storage | undefined = storageOf(app)) => {
    const files = await userWithFiles(app);
    const { me } = files;
    const { body } = await call('POST', '/v1/threads', { token: me.token, body: thread });
    const run: ToolContext['run'] = {
      id: body.id,
      account_id: me.accountId,
      thread_id: body.id,
      created_by_user_id: me.id,
      trace_id: '0'.repeat(32),
    };
    const process = () => {
      const supply = createWorkspaceTools({ database, storage: store });
      return async (name: string, args: object, signal = AbortSignal.timeout(60_000), as: Partial<typeof run> = {}): Promise<Outcome> => {
        const own = { ...run, ...as };
        const tool = (await supply.tools(own)).find((each) => each.name === `workspace_${name}`)!;
        const output = await tool
          .run(args as Record<string, unknown>, { run: own, callId: 'call', signal, memory: new Map() })
          .catch((error) => {
            if (error instanceof ToolFailure) return { result: { failed: error.errorClass } };
            throw error;
          });
        return output.result;
      };
    };
    return { ...files, run, process, use: process() };
  };
}
