import { email } from '../../../contract/email.ts';
import { implement } from '../../http/pipeline/implement.ts';
import { readSettings } from '../settings/settings.ts';
import { configureEmail, emailStatus, sendTestMail } from './service.ts';
import { viewConfig } from './view.ts';

export const emailHandlers = implement(
  email,
  {},
  {
    status: async ({ scope }) => ({ status: 200, body: await emailStatus(scope) }),
    config: async ({ scope }) => ({ status: 200, body: viewConfig(await readSettings(scope.app.database)) }),
    configure: async ({ scope, body }) => {
      await configureEmail(scope, body);
      return { status: 204, body: undefined };
    },
    test: async ({ scope, body }) => {
      await sendTestMail(scope, body.to);
      return { status: 204, body: undefined };
    },
  },
);
