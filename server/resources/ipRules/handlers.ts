import { ipRules } from '../../../contract/ipRules.ts';
import { implement, type Lookup } from '../../http/implement.ts';
import type { IpRuleRow } from './queries.ts';
import { createRule, deleteRule, findAccount, findRule, listRules } from './service.ts';
import { viewRule } from './view.ts';

const rule: Lookup<IpRuleRow> = (scope, id, _intent, _found, { account_id: wanted }) => findRule(scope, id, wanted as string | undefined);

export const ipRuleHandlers = implement(
  ipRules,
  { '?account_id': findAccount, rule },
  {
    create: async ({ scope, query, body }) => ({ status: 201, body: viewRule(await createRule(scope, body, query.force)) }),
    list: async ({ scope, query }) => {
      const { rows, next } = await listRules(scope, query);
      return { status: 200, body: rows.map(viewRule), next };
    },
    delete: async ({ scope, query, found }) => {
      await deleteRule(scope, found.rule, query.force);
      return { status: 204, body: undefined };
    },
  },
);
