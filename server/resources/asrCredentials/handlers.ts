import { asr, asrCredentials } from '../../../contract/asr.ts';
import { implement } from '../../http/pipeline/implement.ts';
import * as service from './service.ts';
import { transcribe } from './transcribe.ts';
import { viewCredential } from './view.ts';

export const asrCredentialHandlers = implement(
  asrCredentials,
  { credential: service.findCredential },
  {
    create: async ({ scope, body }) => ({ status: 201, body: viewCredential(await service.createCredential(scope, body), true) }),
    list: async ({ scope }) => ({
      status: 200,
      body: (await service.listCredentials(scope)).map(({ row, canManage }) => viewCredential(row, canManage)),
    }),
    update: async ({ scope, loaded, body }) => ({
      status: 200,
      body: viewCredential(await service.updateCredential(scope, loaded.credential, body), true),
    }),
    delete: async ({ scope, loaded }) => {
      await service.deleteCredential(scope, loaded.credential);
      return { status: 204, body: undefined };
    },
    setDefault: async ({ scope, loaded }) => {
      await service.setDefault(scope, loaded.credential);
      return { status: 200, body: { ok: true } };
    },
  },
);

export const asrHandlers = implement(
  asr,
  {},
  { transcribe: async ({ scope, body, signal }) => ({ status: 200, body: { text: await transcribe(scope, body, signal()) } }) },
);
