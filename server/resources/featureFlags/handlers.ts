import { featureFlags } from '../../../contract/featureFlags.ts';
import { implement } from '../../http/implement.ts';
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
    get: ({ found }) => ({ status: 200, body: viewFlag(found.key) }),
    update: async ({ scope, found, body }) => ({ status: 200, body: viewFlag(await updateFlag(scope, found.key, body)) }),
    delete: async ({ scope, found }) => {
      await deleteFlag(scope, found.key);
      return { status: 200, body: { ok: true } };
    },
    setOverride: async ({ scope, found, body }) => {
      const { override, created } = await setOverride(scope, found.key, body);
      return { status: created ? 201 : 200, body: override };
    },
    listOverrides: async ({ scope, found, query }) => {
      const { rows, next } = await listOverrides(scope, found.key, query);
      return { status: 200, body: rows.map((row) => viewOverride(found.key, row)), next };
    },
    deleteOverride: async ({ scope, found }) => {
      await deleteOverride(scope, found.key, found.account);
      return { status: 200, body: { ok: true } };
    },
  },
);
