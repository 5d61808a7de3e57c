import type pg from 'pg';
import { expect, test } from 'vitest';
import { ConnectionNotAvailable, TooManyWaiting } from '../../../server/database/connection/connectionErrors.ts';
import {
  accountShare,
  anonymousShare,
  backgroundShare,
  nestedShare,
  processShare,
  type Share,
  shareConnectionsOf,
  signInShare,
  type TakenConnection,
} from '../../../server/database/connection/connectionShares.ts';

/** Shares of a pool whose connections open at once. `give` says in which order connections were given. */
function openShares(max: number, maxWaitMs = 60_000) {
  const client = { release: () => {} };
  const pool = { options: { max }, waitingCount: 0, connect: async () => client } as unknown as pg.Pool;
  const shares = shareConnectionsOf(pool, maxWaitMs);
  const given: string[] = [];
  const take = async (share: Share, as = share.name) => {
    const taken = await shares.take(share);
    given.push(as);
    return taken;
  };
  return { ...shares, take, given };
}

const [a, b, c] = [accountShare('a'), accountShare('b'), accountShare('c')];
const settle = () => new Promise<void>((done) => setImmediate(done));
const times = (count: number) => Array.from({ length: count }, (_, at) => at);

test('an account gets at most half of the connections, callers without a credential a quarter, and the rest waits', async () => {
  const { take, given, waiting } = openShares(8);
  for (const _ of times(10)) take(a).catch(() => {});
  for (const _ of times(10)) take(anonymousShare).catch(() => {});
  await settle();
  expect([given.filter((name) => name === 'a').length, given.filter((name) => name === 'anonymous').length]).toEqual([4, 2]);
  expect(waiting()).toBe(14);
});

test('the last connection is not for accounts, but for sign-ins, work within transactions, and the process', async () => {
  for (const share of [signInShare, nestedShare(a), processShare]) {
    const { take, given } = openShares(8);
    for (const each of [a, b, c]) for (const _ of times(4)) take(each).catch(() => {});
    await settle();
    expect(given.length).toBe(7);
    await take(share);
    expect(given.at(-1)).toBe(share.name);
  }
});

test('those that wait get connections in turn by share, and within a share in the order in which they came', async () => {
  const { take, given } = openShares(2);
  const first = await take(processShare, 'first');
  const second = await take(processShare, 'second');
  const held: TakenConnection[] = [];
  const wait = (share: Share, as: string) => void take(share, as).then((taken) => held.push(taken));
  for (const n of times(3)) wait(a, `a${n}`);
  for (const n of times(2)) wait(b, `b${n}`);
  wait(c, 'c0');
  first.release();
  second.release();
  await settle();
  while (held.length > 0) {
    held.shift()!.release();
    await settle();
  }
  expect(given.slice(2)).toEqual(['a0', 'b0', 'c0', 'a1', 'b1', 'a2']);
});

test('too many of an account are rejected at once, and those that wait too long later: neither keeps a connection', async () => {
  const { take, waiting } = openShares(4, 30);
  const held = await Promise.all([take(a), take(a)]);
  const queued = times(128).map(() => take(a));
  await expect(take(a)).rejects.toThrow(TooManyWaiting);
  const settled = await Promise.allSettled(queued);
  expect(settled.every((each) => each.status === 'rejected' && each.reason instanceof TooManyWaiting)).toBe(true);
  expect(waiting()).toBe(0);
  for (const { release } of held) release();
  (await take(a)).release();
});

test('background work waits three times as long as a request', async () => {
  const { take } = openShares(4, 50);
  const [first] = await Promise.all([take(a), take(a)]);
  const background = take(backgroundShare('a'));
  await expect(take(a)).rejects.toThrow(TooManyWaiting);
  first.release();
  await background;
});

test('the background work of an account counts to its share, and is not rejected because many wait', async () => {
  const { take, given } = openShares(4);
  const held = await Promise.all([take(a), take(backgroundShare('a'))]);
  const queued = times(200).map(() => take(backgroundShare('a')).then(({ release }) => release()));
  await settle();
  expect(given.length).toBe(2);
  for (const { release } of held) release();
  await Promise.all(queued);
});

test('one who waits although its share is not used up is told that there was no connection', async () => {
  const { take } = openShares(4, 20);
  await Promise.all(times(4).map(() => take(processShare)));
  await expect(take(a)).rejects.toThrow(ConnectionNotAvailable);
});

test('a pool of one connection serves all', async () => {
  const { take } = openShares(1);
  for (const share of [a, anonymousShare, signInShare, nestedShare(a), processShare]) (await take(share)).release();
});

test('a connection that cannot be opened is given back', async () => {
  const pool = {
    options: { max: 2 },
    waitingCount: 0,
    connect: () => Promise.reject(new Error('down')),
  } as unknown as pg.Pool;
  const shares = shareConnectionsOf(pool, 50);
  for (const _ of times(3)) await expect(shares.take(a)).rejects.toThrow('down');
});
