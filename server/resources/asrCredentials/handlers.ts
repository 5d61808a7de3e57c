import { asr, asrCredentials } from '../../../contract/asr.ts';
import { implement } from '../../http/implement.ts';
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
      body: (await service.listCredentials(scope)).map(({ row, managed }) => viewCredential(row, managed)),
    }),
    update: async ({ scope, found, body }) => ({
      status: 200,
      body: viewCredential(await service.updateCredential(scope, found.credential, body), true),
    }),
    delete: async ({ scope, found }) => {
      await service.deleteCredential(scope, found.credential);
      return { status: 204, body: undefined };
    },
    setDefault: async ({ scope, found }) => {
      await service.setDefault(scope, found.credential);
      return { status: 200, body: { ok: true } };
    },
  },
);

export const asrHandlers = implement(
  asr,
  {},
  { transcribe: async ({ scope, body, signal }) => ({ status: 200, body: { text: await transcribe(scope, body, signal()) } }) },
);
