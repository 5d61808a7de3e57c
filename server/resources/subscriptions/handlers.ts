import { subscriptions } from '../../../contract/subscriptions.ts';
import { implement } from '../../http/implement.ts';
import { cancelSubscription, createSubscription, findAccount, findSubscription, listSubscriptions, renewSubscription } from './service.ts';
import { viewSubscription } from './view.ts';

export const subscriptionHandlers = implement(
  subscriptions,
  { '?account_id': findAccount, subscription: findSubscription },
  {
    create: async ({ scope, body }) => ({ status: 201, body: viewSubscription(await createSubscription(scope, body)) }),
    list: async ({ scope, query }) => {
      const { rows, next } = await listSubscriptions(scope, query);
      return { status: 200, body: rows.map(viewSubscription), next };
    },
    get: ({ found }) => ({ status: 200, body: viewSubscription(found.subscription) }),
    update: async ({ scope, found, body }) => ({
      status: 200,
      body: viewSubscription(await renewSubscription(scope, found.subscription, body)),
    }),
    cancel: async ({ scope, found }) => {
      await cancelSubscription(scope, found.subscription);
      return { status: 204, body: undefined };
    },
  },
);
