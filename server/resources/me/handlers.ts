import { me } from '../../../contract/me.ts';
import { implement } from '../../http/implement.ts';
import { getMe, updateMe } from './service.ts';
import { viewMe, viewProfile } from './view.ts';

export const meHandlers = implement(
  me,
  {},
  {
    get: async ({ scope }) => ({ status: 200, body: viewMe(await getMe(scope), scope) }),
    update: async ({ scope, body }) => ({ status: 200, body: viewProfile(await updateMe(scope, body)) }),
  },
);
