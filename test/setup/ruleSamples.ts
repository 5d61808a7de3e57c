import { randomBytes, randomInt } from 'node:crypto';
import { adminOf } from './planSamples.ts';
import type { Maker } from './samples.ts';

/** A body that keeps out an address which nobody in a test comes from. */
export const newIpRule = () => ({
  type: 'blocklist',
  cidr: `2001:db8::${randomInt(0xffff).toString(16)}:${randomInt(0xffff).toString(16)}/128`,
});

export async function ipRuleOf({ world, by }: Maker): Promise<string> {
  const { status, body, text } = await world.call('POST', '/v1/ip-rules', { token: by.token, body: newIpRule() });
  if (status !== 201) throw new Error(`POST /v1/ip-rules: ${status} ${text}`);
  return body.id;
}

/** A body that makes a flag which nothing asks. */
export const newFlag = () => ({ key: `sample-${randomBytes(6).toString('hex')}`, default_value: false });

/** The key of a flag. */
export async function flagOf({ world }: Maker): Promise<string> {
  const { status, body, text } = await world.call('POST', '/v1/feature-flags', { token: (await adminOf(world)).token, body: newFlag() });
  if (status !== 201) throw new Error(`POST /v1/feature-flags: ${status} ${text}`);
  return body.key;
}

/** A body that gives an account of its own a value of its own: a flag has one for each. */
export const newFlagOverride = async ({ world }: Maker) => ({ account_id: (await world.signUp()).accountId, enabled: true });

/** An account with a value of its own. */
export async function flagOverrideOf(maker: Maker, { key }: Record<string, string>): Promise<string> {
  const body = await newFlagOverride(maker);
  const { token } = await adminOf(maker.world);
  const { status, text } = await maker.world.call('POST', `/v1/feature-flags/${key}/account-overrides`, { token, body });
  if (status !== 201) throw new Error(`POST account-overrides: ${status} ${text}`);
  return body.account_id;
}
