import { credits } from '../../../contract/credits.ts';
import { implement } from '../../http/implement.ts';
import { openAccount } from '../accounts/lookups.ts';
import { adjustCredits } from './adjust.ts';
import { adjustAll, findOperation, resetAll } from './operations.ts';
import { readCreditsOf, readOwnCredits } from './service.ts';
import { viewBalance, viewOperation, viewTransaction } from './view.ts';

export const creditHandlers = implement(
  credits,
  { '?account_id': openAccount, operation: findOperation },
  {
    mine: async ({ scope, query }) => {
      const { account, rows, next } = await readOwnCredits(scope, query);
      return { status: 200, body: { ...viewBalance(account), transactions: rows.map(viewTransaction) }, next };
    },
    ofAccount: async ({ scope, query }) => {
      const { accountId, account, rows, next } = await readCreditsOf(scope, query);
      return { status: 200, body: { account_id: accountId, ...viewBalance(account), transactions: rows.map(viewTransaction) }, next };
    },
    adjust: async ({ scope, body }) => ({
      status: 200,
      body: { account_id: body.account_id, ...viewBalance(await adjustCredits(scope, body)) },
    }),
    bulkAdjust: async ({ scope, body }) => ({ status: 200, body: viewOperation(await adjustAll(scope, body)) }),
    resetAll: async ({ scope, body }) => ({ status: 200, body: viewOperation(await resetAll(scope, body)) }),
    operation: ({ found }) => ({ status: 200, body: viewOperation(found.operation) }),
  },
);
