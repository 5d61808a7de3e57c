import { CreatedServiceKey, type ServiceKey, type serviceKeys as serviceKeyRoutes } from '../../../contract/serviceKeys.ts';
import type { RouteHandlers } from '../context.ts';
import { setKeyProperties } from '../resources/effects.ts';
import { rotate, unrevoked } from '../resources/me.ts';
import type { Row } from '../state.ts';

/** Revoked keys stay in the list. */
export const serviceKeys: RouteHandlers<typeof serviceKeyRoutes> = {
  update: ({ engine, loaded, body }) => {
    const value = unrevoked(keyOf(loaded));
    setKeyProperties(value, body, engine.now());
    value.is_active = true;
    return { status: 200, body: value as ServiceKey };
  },
  rotate: ({ engine, caller, loaded, body, operation }) => {
    const key = engine.fakes.of(CreatedServiceKey.shape.key, `${operation.id} ${++engine.state.fakeCount}`) as string;
    const secret = { key, key_prefix: key.slice(0, 8), user_id: caller.user.id };
    return { status: 200, body: rotate(engine, keyOf(loaded), body, secret) as CreatedServiceKey };
  },
  delete: ({ engine, loaded }) => {
    Object.assign(unrevoked(keyOf(loaded)), { revoked_at: engine.time(), is_active: false });
    return { status: 204, body: undefined };
  },
};

const keyOf = (loaded: Record<string, Row>): Row => loaded.service_key_id!;
