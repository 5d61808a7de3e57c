import { randomBytes, randomUUID } from 'node:crypto';
import type { Maker } from '../samples.ts';
import type { Person, World } from '../world.ts';

/** A name that nothing else has. */
export const name = () => `sample-${randomBytes(6).toString('hex')}`;

/** What the API answers to somebody who makes a thing. */
export async function post({ world, by }: Maker, path: string, body?: unknown) {
  const answer = await world.call('POST', path, { token: by.token, body });
  if (answer.status !== 201 && answer.status !== 202) throw new Error(`POST ${path}: ${answer.status} ${answer.text}`);
  return answer.body;
}

export const emptyThreadOf = async (maker: Maker): Promise<string> => (await post(maker, '/v1/threads')).id;

/** A thread with a message to answer, in an account with credits: one sample takes them away. */
export async function threadOf(maker: Maker): Promise<string> {
  await maker.world.sql('update credit_balances set balance = greatest(balance, 1000) where account_id = $1', [maker.by.accountId]);
  const id = await emptyThreadOf(maker);
  await post(maker, `/v1/threads/${id}/messages`, { content: 'Hello!' });
  return id;
}

export const flowToken = async ({ call }: World, identity: string): Promise<string> =>
  (await call('POST', '/v1/auth/resolve', { body: { identity } })).body.flow_token;

/** A body that registers somebody. */
export const person = () => ({ login: name(), email: `${name()}@example.test`, password: 'Passw0rd-1' });

/** Leaves the installation as if nobody had set it up. */
export const forgetAdmin = ({ sql }: World) => sql(`delete from platform_settings where key like 'bootstrap.%'`);

/** Makes the codes of a user old enough to be replaced. */
export const ageInviteCodes = ({ sql }: World, { id }: Person) =>
  sql(`update invite_codes set created_at = created_at - interval '2 days' where user_id = $1`, [id]);

export async function redemptionCode({ sql }: World): Promise<string> {
  const code = name().toUpperCase();
  await sql(`insert into redemption_codes (id, code, type, value) values (gen_random_uuid(), $1, 'credits', '5')`, [code]);
  return code;
}

export async function setupToken(world: World): Promise<string> {
  await forgetAdmin(world);
  return (await world.call('POST', '/v1/bootstrap/init')).body.token;
}

/** A run that failed in the middle of its answer. */
export async function brokenRun(maker: Maker, threadId: string): Promise<string> {
  const { run_id: id } = await post(maker, `/v1/threads/${threadId}/runs`);
  const { sql } = maker.world;
  await sql(`insert into run_events (run_id, seq, event_id, type, data, created_at) values ($1, 2, $2, 'message.delta', '{}', now())`, [
    id,
    randomUUID(),
  ]);
  await sql(`update runs set status = 'failed', failed_at = now(), next_seq = 3 where id = $1`, [id]);
  return id;
}
