import { randomBytes } from 'node:crypto';
import type { Maker } from './samples.ts';
import type { Person, World } from './world.ts';

const name = () => `sample-${randomBytes(6).toString('hex')}`;
const admins = new WeakMap<World['sql'], Promise<Person>>();

/** An admin of the platform, one for each installation. */
export function adminOf(world: World): Promise<Person> {
  const known = admins.get(world.sql) ?? world.signUp().then((person) => world.promote(person).then(() => person));
  admins.set(world.sql, known);
  return known;
}

async function post({ world }: Maker, path: string, body: object) {
  const answer = await world.call('POST', path, { token: (await adminOf(world)).token, body });
  if (answer.status >= 300) throw new Error(`POST ${path}: ${answer.status} ${answer.text}`);
  return answer.body;
}

/** A body that makes a plan which changes nothing for whoever has it. */
export const newPlan = () => ({
  name: name(),
  display_name: 'Sample',
  entitlements: [{ key: 'sample.key', value: '1', value_type: 'integer' }],
});

export const planOf = async (maker: Maker): Promise<string> => (await post(maker, '/v1/plans', newPlan())).id;

/** A body that subscribes the account of the maker, whose other subscription has ended. */
export async function newSubscription(maker: Maker) {
  const { accountId } = maker.by;
  await maker.world.sql(`update subscriptions set status = 'cancelled', cancelled_at = now() where account_id = $1 and status = 'active'`, [
    accountId,
  ]);
  return {
    account_id: accountId,
    plan_id: await planOf(maker),
    current_period_start: '2026-01-01T00:00:00Z',
    current_period_end: '2027-01-01T00:00:00Z',
  };
}

export const subscriptionOf = async (maker: Maker): Promise<string> =>
  (await post(maker, '/v1/subscriptions', await newSubscription(maker))).id;

/** A body that gives the account of the maker a value of no effect. */
export const newOverride = ({ by: { accountId } }: Maker) => ({ account_id: accountId, key: name(), value: '1', value_type: 'integer' });

export const overrideOf = async (maker: Maker): Promise<string> => (await post(maker, '/v1/entitlement-overrides', newOverride(maker))).id;

/** A setting that is set, to no effect on what is tested. */
export async function settingOf({ world }: Maker): Promise<string> {
  const { token } = await adminOf(world);
  await world.call('PUT', '/v1/admin/platform-settings/title_summarizer.model', { token, body: { value: 'sample' } });
  return 'title_summarizer.model';
}
