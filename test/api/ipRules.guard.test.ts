import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseNetwork } from '../../server/kernel/addresses.ts';
import type { Changes } from '../../server/kernel/changes.ts';
import type { Sql } from '../../server/kernel/sql.ts';
import { isRefused, watchIpRules } from '../../server/resources/ipRules/guard.ts';
import { startWorld } from '../setup/world.ts';

const { sql } = await startWorld({}, { worker: false });
const bad = '203.0.113.9';

/** The notifications of a process, worked by hand. */
function changesByHand() {
  let [tell, turn] = [(_: string) => {}, (_: boolean) => {}];
  const changes: Changes = {
    announce: () => {},
    on: (_, listener) => {
      tell = listener;
    },
    onState: (listener) => {
      turn = listener;
    },
  };
  return { changes, tell: (key: string) => tell(key), turn: (up: boolean) => turn(up) };
}

test('nothing is remembered while changes cannot be heard, nor what was asked before one; and without an answer nobody passes', async () => {
  let answer: () => Promise<unknown[]> = async () => [];
  let asked = 0;
  const database = {
    rows: () => {
      asked++;
      return answer();
    },
  } as unknown as Sql;
  const { changes, tell, turn } = changesByHand();
  const rules = watchIpRules(database, changes);
  const passes = async () => !(await rules.refuse('a', bad));
  const kept = [{ type: 'blocklist', network: `${bad}/32` }];

  expect([await passes(), await passes(), asked]).toEqual([true, true, 2]);
  turn(true);
  expect([await passes(), await passes(), asked]).toEqual([true, true, 3]);
  // A change comes while the rules are being read as they were before it.
  tell('a');
  const { promise, resolve } = Promise.withResolvers<unknown[]>();
  answer = () => promise;
  const early = passes();
  answer = async () => kept;
  tell('a');
  resolve([]);
  expect([await early, await passes()]).toEqual([true, false]);
  // The same across a loss of the way.
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

test('PostgreSQL agrees which address is in which network', async () => {
  // PostgreSQL has no notion of an IPv4-mapped network.
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
      expect([address, rules, isRefused({ allowlist: ofType('allowlist'), blocklist: ofType('blocklist') }, address)]).toEqual([
        address,
        rules,
        refused,
      ]);
    }),
    { numRuns: 1_000 },
  );
  expect(isRefused({ allowlist: [], blocklist: [parseNetwork('0.0.0.0/0'), parseNetwork('::/0')] }, '')).toBe(false);
  expect(isRefused({ allowlist: [parseNetwork('0.0.0.0/0'), parseNetwork('::/0')], blocklist: [] }, '')).toBe(true);
});
