import { plans } from '../../../contract/plans.ts';
import { implement } from '../../http/pipeline/implement.ts';
import { createPlan, deletePlan, findPlan, listPlans, updatePlan } from './service.ts';
import { viewPlan } from './view.ts';

export const planHandlers = implement(
  plans,
  { plan: findPlan },
  {
    list: async ({ scope, query }) => {
      const { rows, next } = await listPlans(scope, query);
      return { status: 200, body: rows.map(viewPlan), next };
    },
    get: ({ loaded }) => ({ status: 200, body: viewPlan(loaded.plan) }),
    create: async ({ scope, body }) => ({ status: 201, body: viewPlan(await createPlan(scope, body)) }),
    update: async ({ scope, loaded, body }) => ({ status: 200, body: viewPlan(await updatePlan(scope, loaded.plan, body)) }),
    delete: async ({ scope, loaded }) => {
      await deletePlan(scope, loaded.plan);
      return { status: 204, body: undefined };
    },
  },
);
