import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Queryable } from '../../../server/database/sql.ts';
import { parseNetwork } from '../../../server/platform/network/addresses.ts';
import type { CacheInvalidation } from '../../../server/pubsub/cacheInvalidation.ts';
import { createIpRuleCache, isBlocked } from '../../../server/resources/ipRules/ipRuleCache.ts';
import { startTestApp } from '../../support/app/testApp.ts';

const { sql } = await startTestApp({}, { worker: false });
const blockedIp = '203.0.113.9';

/** Cache invalidation events, emitted by the test. */
function createManualInvalidation() {
  let [tell, turn] = [(_: string) => {}, (_: boolean) => {}];
  const changes: CacheInvalidation = {
    invalidate: () => {},
    on: (_, listener) => {
      tell = listener;
    },
    onConnectionChange: (listener) => {
      turn = listener;
    },
  };
  return { changes, tell: (key: string) => tell(key), turn: (up: boolean) => turn(up) };
}

test('rules are not cached while the channel is down or read before a change, and a failed read blocks', async () => {
  let answer: () => Promise<unknown[]> = async () => [];
  let asked = 0;
  const database = {
    rows: () => {
      asked++;
      return answer();
    },
  } as unknown as Queryable;
  const { changes, tell, turn } = createManualInvalidation();
  const rules = createIpRuleCache(database, changes);
  const passes = async () => !(await rules.isBlocked('a', blockedIp));
  const kept = [{ type: 'blocklist', network: `${blockedIp}/32` }];

  expect([await passes(), await passes(), asked]).toEqual([true, true, 2]);
  turn(true);
  expect([await passes(), await passes(), asked]).toEqual([true, true, 3]);
  // A change arrives while the rules from before it are being read.
  tell('a');
  const { promise, resolve } = Promise.withResolvers<unknown[]>();
  answer = () => promise;
  const early = passes();
  answer = async () => kept;
  tell('a');
  resolve([]);
  expect([await early, await passes()]).toEqual([true, false]);
  // The same across a lost connection.
  turn(false);
  const lost = Promise.withResolvers<unknown[]>();
  answer = () => lost.promise;
  const during = passes();
  answer = async () => kept;
  turn(true);
  lost.resolve([]);
  expect([await during, await passes()]).toEqual([true, false]);
  tell('a');
  answer = () => Promise.reject(new Error('gone'));
  await expect(passes()).rejects.toThrow('gone');
});

test('network matching agrees with PostgreSQL', async () => {
  // PostgreSQL has no IPv4-mapped networks.
  const native = fc.ipV6().filter((text) => !/^(0*:)+ffff:/i.test(text));
  const ip = fc.oneof(
    fc.ipV4(),
    native,
    fc.ipV4().map((text) => `::ffff:${text}`),
  );
  const network = fc.oneof(fc.tuple(fc.ipV4(), fc.nat(32)), fc.tuple(native, fc.nat(128))).map(([text, bits]) => `${text}/${bits}`);
  const rule = fc.record({ type: fc.constantFrom('allowlist', 'blocklist'), network });
  const near = fc.tuple(
    ip,
    fc.array(rule, { maxLength: 4 }),
    fc.array(fc.record({ type: rule.map(({ type }) => type), bits: fc.nat(32) }), { maxLength: 2 }),
  );
  const plain = (text: string) => text.replace(/^::ffff:(?=[\d.]+$)/i, '');
  await fc.assert(
    fc.asyncProperty(near, async ([address, far, close]) => {
      const client = plain(address);
      const rules = [...far, ...close.map(({ type, bits }) => ({ type, network: `${client}/${bits}` }))];
      const ofType = (type: string) => rules.filter((each) => each.type === type).map((each) => parseNetwork(each.network));
      const [{ refused }] = await sql(
        `select coalesce(bool_or(type = 'blocklist' and inside), false) or (count(*) filter (where type = 'allowlist') > 0
           and not coalesce(bool_or(type = 'allowlist' and inside), false)) as refused
         from (select type, host($1::inet)::inet <<= network(n::inet) and family($1::inet) = family(n::inet) as inside from unnest($2::text[], $3::text[]) as r (type, n)) r`,
        [client, rules.map(({ type }) => type), rules.map((each) => each.network)],
      );
      expect([address, rules, isBlocked({ allowlist: ofType('allowlist'), blocklist: ofType('blocklist') }, address)]).toEqual([
        address,
        rules,
        refused,
      ]);
    }),
    { numRuns: 1_000 },
  );
  expect(isBlocked({ allowlist: [], blocklist: [parseNetwork('0.0.0.0/0'), parseNetwork('::/0')] }, '')).toBe(false);
  expect(isBlocked({ allowlist: [parseNetwork('0.0.0.0/0'), parseNetwork('::/0')], blocklist: [] }, '')).toBe(true);
});
