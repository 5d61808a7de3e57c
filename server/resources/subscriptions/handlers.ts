import { subscriptions } from '../../../contract/subscriptions.ts';
import { implement } from '../../http/pipeline/implement.ts';
import {
  cancelSubscription,
  createSubscription,
  findFilterAccount,
  findSubscription,
  listSubscriptions,
  renewSubscription,
} from './service.ts';
import { viewSubscription } from './view.ts';

export const subscriptionHandlers = implement(
  subscriptions,
  { '?account_id': findFilterAccount, subscription: findSubscription },
  {
    create: async ({ scope, body }) => ({ status: 201, body: viewSubscription(await createSubscription(scope, body)) }),
    list: async ({ scope, query }) => {
      const { rows, next } = await listSubscriptions(scope, query);
      return { status: 200, body: rows.map(viewSubscription), next };
    },
    get: ({ loaded }) => ({ status: 200, body: viewSubscription(loaded.subscription) }),
    update: async ({ scope, loaded, body }) => ({
      status: 200,
      body: viewSubscription(await renewSubscription(scope, loaded.subscription, body)),
    }),
    cancel: async ({ scope, loaded }) => {
      await cancelSubscription(scope, loaded.subscription);
      return { status: 204, body: undefined };
    },
  },
);
