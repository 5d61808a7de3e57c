import { workspaces } from '../../../contract/workspaces.ts';
import { fileResponse } from '../../http/fileResponse.ts';
import { implement } from '../../http/pipeline/implement.ts';
import { findProject } from '../projects/service.ts';
import * as service from './service.ts';
import { viewWorkspace } from './view.ts';

export const workspaceHandlers = implement(
  workspaces,
  { project: findProject },
  {
    get: async ({ scope, loaded }) => ({
      status: 200,
      body: viewWorkspace(await service.findWorkspace(scope, loaded.project), scope.app.storage !== undefined),
    }),
    files: async ({ scope, loaded, query: { path } }) => {
      const { ref, items } = await service.listFolder(scope, loaded.project, path);
      return { status: 200, body: { workspace_ref: ref, path, items } };
    },
    file: async ({ scope, loaded, query, headers }) => {
      const file = await service.findFile(scope, loaded.project, query.path);
      const onError = (error: unknown) =>
        scope.app.log.error({ err: error, trace_id: scope.client.traceId }, 'a file was not sent to its end');
      return fileResponse(file, { ifNoneMatch: headers['if-none-match'], onError });
    },
  },
);
