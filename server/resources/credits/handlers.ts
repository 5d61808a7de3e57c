import { credits } from '../../../contract/credits.ts';
import { implement } from '../../http/implement.ts';
import { openAccount } from '../accounts/lookups.ts';
import { adjustAll, adjustCredits, resetAll } from './adjust.ts';
import { readCreditsOf, readOwnCredits } from './service.ts';
import { viewTransaction } from './view.ts';

export const creditHandlers = implement(
  credits,
  { '?account_id': openAccount },
  {
    mine: async ({ scope, query }) => {
      const { balance, rows, next } = await readOwnCredits(scope, query);
      return { status: 200, body: { balance, transactions: rows.map(viewTransaction) }, next };
    },
    ofAccount: async ({ scope, query }) => {
      const { accountId, balance, rows, next } = await readCreditsOf(scope, query);
      return { status: 200, body: { account_id: accountId, balance, transactions: rows.map(viewTransaction) }, next };
    },
    adjust: async ({ scope, body }) => ({
      status: 200,
      body: { account_id: body.account_id, balance: await adjustCredits(scope, body) },
    }),
    bulkAdjust: async ({ scope, body }) => ({ status: 200, body: { affected: await adjustAll(scope, body) } }),
    resetAll: async ({ scope, body }) => ({ status: 200, body: { affected: await resetAll(scope, body) } }),
  },
);
