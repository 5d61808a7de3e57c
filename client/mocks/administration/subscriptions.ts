import type { plans as planRoutes } from '../../../contract/plans.ts';
import type { subscriptions as routes, Subscription } from '../../../contract/subscriptions.ts';
import { type Engine, type RouteHandlers, untypedContext } from '../context.ts';
import { apiError } from '../http/errors.ts';
import { serveGeneric } from '../resources/generic.ts';
import { resourceType } from '../resourceTypes.ts';

const kind = resourceType('/v1/subscriptions');
const planKind = resourceType('/v1/plans');
const accountKind = resourceType('/v1/admin/accounts');

const subscriptionsOf = ({ state }: Engine, fits: (each: Subscription) => boolean): Subscription[] =>
  state.rows(kind, ({ value }) => fits(value as Subscription)).map(({ value }) => value as Subscription);

const notActive = () => apiError('conflict', 'subscription_not_active', 'The subscription is not active.');

export const subscriptions: Pick<RouteHandlers<typeof routes>, 'create' | 'update' | 'cancel'> = {
  create: (context) => {
    const { engine, body } = context;
    const exists = (of: typeof planKind, id: string) => engine.state.rows(of, ({ value }) => value.id === id).length > 0;
    if (!exists(accountKind, body.account_id)) throw apiError('not_found', 'account_not_found', 'There is no such account.');
    if (!exists(planKind, body.plan_id)) throw apiError('not_found', 'plan_not_found', 'There is no such plan.');
    if (subscriptionsOf(engine, ({ account_id, status }) => account_id === body.account_id && status === 'active').length > 0)
      throw apiError('conflict', 'active_subscription_exists', 'The account has an active subscription.');
    const made = serveGeneric(untypedContext(context)).body as Subscription;
    return { status: 201, body: Object.assign(made, { status: 'active', cancelled_at: null }) };
  },
  update: (context) => {
    if ((context.loaded.subscription_id!.value as Subscription).status !== 'active') throw notActive();
    return { status: 200, body: serveGeneric(untypedContext(context)).body as Subscription };
  },
  cancel: ({ engine, loaded }) => {
    const subscription = loaded.subscription_id!.value as Subscription;
    if (subscription.status !== 'active') throw notActive();
    Object.assign(subscription, { status: 'cancelled', cancelled_at: engine.time() });
    return { status: 204, body: undefined };
  },
};

export const plans: Pick<RouteHandlers<typeof planRoutes>, 'delete'> = {
  delete: (context) => {
    const { engine, params } = context;
    if (subscriptionsOf(engine, ({ plan_id }) => plan_id === params.plan_id).length > 0)
      throw apiError('conflict', 'plan_in_use', 'Accounts have or had this plan.');
    serveGeneric(untypedContext(context));
    return { status: 204, body: undefined };
  },
};
