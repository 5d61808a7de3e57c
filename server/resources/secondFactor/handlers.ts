import { secondFactor } from '../../../contract/secondFactor.ts';
import { implement } from '../../http/pipeline/implement.ts';
import { confirmSecondFactor, disableSecondFactor, getSecondFactor, replaceRecoveryCodes, setUpSecondFactor } from './service.ts';

export const secondFactorHandlers = implement(
  secondFactor,
  {},
  {
    get: async ({ scope }) => ({ status: 200, body: await getSecondFactor(scope) }),
    setUp: async ({ scope, body }) => ({ status: 200, body: await setUpSecondFactor(scope, body) }),
    confirm: async ({ scope, body }) => ({ status: 200, body: { recovery_codes: await confirmSecondFactor(scope, body.code) } }),
    replaceRecoveryCodes: async ({ scope, body }) => ({
      status: 200,
      body: { recovery_codes: await replaceRecoveryCodes(scope, body.code) },
    }),
    disable: async ({ scope, body }) => {
      await disableSecondFactor(scope, body);
      return { status: 204, body: undefined };
    },
  },
);
