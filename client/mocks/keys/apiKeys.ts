import type { ApiKey, apiKeys as apiKeyRoutes, CreatedApiKey } from '../../../contract/apiKeys.ts';
import type { RouteHandlers } from '../context.ts';
import { pauseSchedulesOf } from '../runs/schedules.ts';
import type { Json } from '../state.ts';
import { revokeKey, rotateKey, setKeyProperties, unrevoked } from './secrets.ts';

export const apiKeys: RouteHandlers<typeof apiKeyRoutes> = {
  update: ({ engine, loaded, body }) => {
    const value = unrevoked(loaded.id!);
    const { limits, models, ...others } = body;
    setKeyProperties(value, { ...others, limits: { ...(value.limits as Json), ...limits } }, engine.now());
    if (models !== undefined) value.models = models && [...new Set(models)].sort();
    return { status: 200, body: value as ApiKey };
  },
  rotate: (context) => ({ status: 200, body: rotateKey(context, context.loaded.id!, 'al_', context.body) as CreatedApiKey }),
  usage: ({ engine, loaded }) => {
    const { id } = loaded.id!.value;
    const now = new Date(engine.now());
    const [year, month, day] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()];
    const none = { credits: 0, requests: 0 };
    const period = (end: number) => ({ ...none, resets_at: new Date(end).toISOString() });
    const periods = { day: period(Date.UTC(year, month, day + 1)), month: period(Date.UTC(year, month + 1, 1)) };
    return { status: 200, body: { api_key_id: id as string, ...periods, total: none, reserved_credits: 0 } };
  },
  delete: ({ engine, caller, loaded }) => {
    const { id } = revokeKey(engine, loaded.id!);
    engine.runs.cancelAll(caller.user.id, ({ apiKeyId }) => apiKeyId === id);
    pauseSchedulesOf(engine, id);
    return { status: 204, body: undefined };
  },
};
