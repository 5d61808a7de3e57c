import { configSchema } from '../../../contract/configSchema.ts';
import { platformSettings } from '../../../contract/platformSettings.ts';
import { implement } from '../../http/pipeline/implement.ts';
import { clearSetting, findSetting, listSchemas, listSettings, setSetting } from './service.ts';
import { viewSetting } from './view.ts';

export const platformSettingHandlers = implement(
  platformSettings,
  {},
  {
    list: async ({ scope }) => ({ status: 200, body: (await listSettings(scope)).map(viewSetting) }),
    get: async ({ scope, params }) => ({ status: 200, body: viewSetting(await findSetting(scope, params.key)) }),
    set: async ({ scope, params, body }) => ({ status: 200, body: viewSetting(await setSetting(scope, params.key, body.value)) }),
    delete: async ({ scope, params }) => {
      await clearSetting(scope, params.key);
      return { status: 204, body: undefined };
    },
  },
);

export const configSchemaHandlers = implement(configSchema, {}, { list: ({ scope }) => ({ status: 200, body: listSchemas(scope) }) });
