import { featureFlags } from '../../../contract/featureFlags.ts';
import { implement } from '../../http/pipeline/implement.ts';
import { createFlag, deleteFlag, findFlag, listFlags, updateFlag } from './flags.ts';
import { deleteOverride, findOverride, listOverrides, setOverride } from './overrides.ts';
import type { FlagRow } from './queries.ts';
import { viewFlag, viewOverride } from './view.ts';

export const featureFlagHandlers = implement(
  featureFlags,
  { key: findFlag, account: (scope, id, _intent, found) => findOverride(scope, id, found.key as FlagRow) },
  {
    create: async ({ scope, body }) => ({ status: 201, body: viewFlag(await createFlag(scope, body)) }),
    list: async ({ scope }) => ({ status: 200, body: (await listFlags(scope)).map(viewFlag) }),
    get: ({ loaded }) => ({ status: 200, body: viewFlag(loaded.key) }),
    update: async ({ scope, loaded, body }) => ({ status: 200, body: viewFlag(await updateFlag(scope, loaded.key, body)) }),
    delete: async ({ scope, loaded }) => {
      await deleteFlag(scope, loaded.key);
      return { status: 200, body: { ok: true } };
    },
    setOverride: async ({ scope, loaded, body }) => {
      const { override, created } = await setOverride(scope, loaded.key, body);
      return { status: created ? 201 : 200, body: override };
    },
    listOverrides: async ({ scope, loaded, query }) => {
      const { rows, next } = await listOverrides(scope, loaded.key, query);
      return { status: 200, body: rows.map((row) => viewOverride(loaded.key, row)), next };
    },
    deleteOverride: async ({ scope, loaded }) => {
      await deleteOverride(scope, loaded.key, loaded.account);
      return { status: 200, body: { ok: true } };
    },
  },
);
