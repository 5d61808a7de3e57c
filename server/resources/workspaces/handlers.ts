import { workspaces } from '../../../contract/workspaces.ts';
import { fileResponse } from '../../http/fileResponse.ts';
import { implement } from '../../http/pipeline/implement.ts';
import type { RequestScope } from '../../http/scope.ts';
import { findProject } from '../projects/service.ts';
import { findArchive } from './archive.ts';
import { deleteItem, renameItem, uploadFile } from './files.ts';
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
      return fileResponse(file, { ifNoneMatch: headers['if-none-match'], onError: logUnsent(scope) });
    },
    upload: async ({ scope, loaded, query: { path }, headers: conditions, body: form }) => ({
      status: 200,
      body: await uploadFile(scope, loaded.project, { path, form, conditions }),
    }),
    rename: async ({ scope, loaded, body: { path, new_path: newPath }, headers: conditions }) => ({
      status: 200,
      body: await renameItem(scope, loaded.project, { path, newPath, conditions }),
    }),
    delete: async ({ scope, loaded, query: { path, recursive }, headers: conditions }) => {
      await deleteItem(scope, loaded.project, { path, recursive, conditions });
      return { status: 204, body: undefined };
    },
    archive: async ({ scope, loaded, query, headers }) => {
      const archive = await findArchive(scope, loaded.project, query.path);
      return fileResponse(archive, { ifNoneMatch: headers['if-none-match'], onError: logUnsent(scope) });
    },
  },
);

const logUnsent =
  ({ app, client }: RequestScope) =>
  (error: unknown) =>
    app.log.error({ err: error, trace_id: client.traceId }, 'a file was not sent to its end');
