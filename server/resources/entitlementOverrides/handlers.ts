import { entitlementOverrides } from '../../../contract/entitlementOverrides.ts';
import { implement, type Lookup } from '../../http/implement.ts';
import { openAccount } from '../accounts/lookups.ts';
import type { OverrideRow } from './queries.ts';
import { deleteOverride, findOverride, listOverrides, setOverride } from './service.ts';
import { viewOverride } from './view.ts';

const override: Lookup<OverrideRow> = (scope, id, _intent, _found, query) => findOverride(scope, id, query.account_id);

export const entitlementOverrideHandlers = implement(
  entitlementOverrides,
  { '?account_id': openAccount, override },
  {
    list: async ({ scope, query }) => {
      const { rows, next } = await listOverrides(scope, query);
      return { status: 200, body: rows.map(viewOverride), next };
    },
    set: async ({ scope, body }) => {
      const { override, created } = await setOverride(scope, body);
      return { status: created ? 201 : 200, body: viewOverride(override) };
    },
    delete: async ({ scope, found }) => {
      await deleteOverride(scope, found.override);
      return { status: 200, body: { ok: true } };
    },
  },
);
