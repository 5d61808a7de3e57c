import { credits } from '../../../contract/credits.ts';
import { implement } from '../../http/pipeline/implement.ts';
import { checkAccountOpen } from '../accounts/loaders.ts';
import { adjustCredits } from './adjust.ts';
import { adjustAllAccounts, findOperation, resetAllAccounts } from './operations.ts';
import { readAccountCredits, readOwnCredits } from './service.ts';
import { viewBalance, viewOperation, viewTransaction } from './view.ts';

export const creditHandlers = implement(
  credits,
  { '?account_id': checkAccountOpen, operation: findOperation },
  {
    mine: async ({ scope, query }) => {
      const { account, rows, next } = await readOwnCredits(scope, query);
      return { status: 200, body: { ...viewBalance(account), transactions: rows.map(viewTransaction) }, next };
    },
    ofAccount: async ({ scope, query }) => {
      const { accountId, account, rows, next } = await readAccountCredits(scope, query);
      return { status: 200, body: { account_id: accountId, ...viewBalance(account), transactions: rows.map(viewTransaction) }, next };
    },
    adjust: async ({ scope, body }) => ({
      status: 200,
      body: { account_id: body.account_id, ...viewBalance(await adjustCredits(scope, body)) },
    }),
    bulkAdjust: async ({ scope, body }) => ({ status: 200, body: viewOperation(await adjustAllAccounts(scope, body)) }),
    resetAll: async ({ scope, body }) => ({ status: 200, body: viewOperation(await resetAllAccounts(scope, body)) }),
    operation: ({ loaded }) => ({ status: 200, body: viewOperation(loaded.operation) }),
  },
);
