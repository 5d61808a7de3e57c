import { ipRules } from '../../../contract/ipRules.ts';
import { implement, type ResourceLoader } from '../../http/pipeline/implement.ts';
import type { IpRuleRow } from './queries.ts';
import { checkAccountFilter, createRule, deleteRule, findRule, listRules } from './service.ts';
import { viewRule } from './view.ts';

const rule: ResourceLoader<IpRuleRow> = (scope, id, _intent, _found, { account_id: wanted }) =>
  findRule(scope, id, wanted as string | undefined);

export const ipRuleHandlers = implement(
  ipRules,
  { '?account_id': checkAccountFilter, rule },
  {
    create: async ({ scope, query, body }) => ({ status: 201, body: viewRule(await createRule(scope, body, query.force)) }),
    list: async ({ scope, query }) => {
      const { rows, next } = await listRules(scope, query);
      return { status: 200, body: rows.map(viewRule), next };
    },
    delete: async ({ scope, query, loaded }) => {
      await deleteRule(scope, loaded.rule, query.force);
      return { status: 204, body: undefined };
    },
  },
);
