import type { CreatedServiceKey, ServiceKey, serviceKeys as serviceKeyRoutes } from '../../../contract/serviceKeys.ts';
import type { RouteHandlers } from '../context.ts';
import type { Row } from '../state.ts';
import { revokeKey, rotateKey, setKeyProperties, unrevoked } from './secrets.ts';

export const serviceKeys: RouteHandlers<typeof serviceKeyRoutes> = {
  update: ({ engine, loaded, body }) => {
    const value = unrevoked(keyOf(loaded));
    setKeyProperties(value, body, engine.now());
    value.is_active = true;
    return { status: 200, body: value as ServiceKey };
  },
  rotate: (context) => {
    const value = rotateKey(context, keyOf(context.loaded), 'als_', context.body);
    value.user_id = context.caller.user.id;
    return { status: 200, body: value as CreatedServiceKey };
  },
  delete: ({ engine, loaded }) => {
    revokeKey(engine, keyOf(loaded)).is_active = false;
    return { status: 204, body: undefined };
  },
};

const keyOf = (loaded: Record<string, Row>): Row => loaded.service_key_id!;
