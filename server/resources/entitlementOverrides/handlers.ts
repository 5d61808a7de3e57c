import { entitlementOverrides } from '../../../contract/entitlementOverrides.ts';
import { implement, type ResourceLoader } from '../../http/pipeline/implement.ts';
import { checkAccountOpen } from '../accounts/loaders.ts';
import type { OverrideRow } from './queries.ts';
import { deleteOverride, findOverride, listOverrides, setOverride } from './service.ts';
import { viewOverride } from './view.ts';

const override: ResourceLoader<OverrideRow> = (scope, id, _intent, _found, query) => findOverride(scope, id, String(query.account_id));

export const entitlementOverrideHandlers = implement(
  entitlementOverrides,
  { '?account_id': checkAccountOpen, override },
  {
    list: async ({ scope, query }) => {
      const { rows, next } = await listOverrides(scope, query);
      return { status: 200, body: rows.map(viewOverride), next };
    },
    set: async ({ scope, body }) => {
      const { override, created } = await setOverride(scope, body);
      return { status: created ? 201 : 200, body: viewOverride(override) };
    },
    delete: async ({ scope, loaded }) => {
      await deleteOverride(scope, loaded.override);
      return { status: 200, body: { ok: true } };
    },
  },
);
