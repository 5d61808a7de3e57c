import { personas } from '../../../contract/personas.ts';
import { implement } from '../../http/pipeline/implement.ts';
import { listSelectable } from './selectable.ts';
import { createPersona, deletePersona, findPersona, listPersonas, updatePersona } from './service.ts';
import { viewPersona, viewSelectable } from './view.ts';

export const personaHandlers = implement(
  personas,
  { persona: (scope, id, _intent, _found, query) => findPersona(scope, id, query.scope) },
  {
    selectable: async ({ scope }) => ({ status: 200, body: (await listSelectable(scope)).map(viewSelectable) }),
    list: async ({ scope, query }) => {
      const { rows, next } = await listPersonas(scope, query.scope, query);
      return { status: 200, body: rows.map(viewPersona), next };
    },
    create: async ({ scope, body }) => ({ status: 201, body: viewPersona(await createPersona(scope, body)) }),
    update: async ({ scope, loaded, body }) => ({ status: 200, body: viewPersona(await updatePersona(scope, loaded.persona, body)) }),
    delete: async ({ scope, loaded }) => {
      await deletePersona(scope, loaded.persona);
      return { status: 204, body: undefined };
    },
  },
);
