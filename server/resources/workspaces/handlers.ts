import { workspaces } from '../../../contract/workspaces.ts';
import { answerFile } from '../../http/bytes.ts';
import { implement } from '../../http/implement.ts';
import { findProject } from '../projects/service.ts';
import * as service from './service.ts';
import { viewWorkspace } from './view.ts';

export const workspaceHandlers = implement(
  workspaces,
  { project: findProject },
  {
    get: async ({ scope, found }) => ({
      status: 200,
      body: viewWorkspace(await service.findWorkspace(scope, found.project), scope.app.storage !== undefined),
    }),
    files: async ({ scope, found, query: { path } }) => {
      const { ref, items } = await service.listFolder(scope, found.project, path);
      return { status: 200, body: { workspace_ref: ref, path, items } };
    },
    file: async ({ scope, found, query, headers }) => {
      const file = await service.findFile(scope, found.project, query.path);
      const onError = (error: unknown) =>
        scope.app.log.error({ err: error, trace_id: scope.origin.traceId }, 'a file was not sent to its end');
      return answerFile(file, { ifNoneMatch: headers['if-none-match'], onError });
    },
  },
);
