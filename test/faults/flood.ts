import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { callWithin } from '../../client/conformance/call.ts';
import { newMember } from './probe.ts';

/** An account that takes all connections that it gets. */
export type Flood = {
  /** Sends writes for `ms`, 100 at once. `isLocked`: a foreign transaction holds the row of the account that long. */
  rush(ms: number, isLocked: boolean): Promise<void>;
};

const width = 100;
/** As long as `Retry-After` says. */
const refusedMs = 1_000;

export async function createFlood({ url, databaseUrl }: { url: string; databaseUrl: string }): Promise<Flood> {
  const { token, accountId } = await newMember(url, 'flood');
  const call = callWithin(url, 60_000);
  let turn = 0;
  return {
    async rush(ms, isLocked) {
      const until = Date.now() + ms;
      const lock = isLocked ? await lockAccount(databaseUrl, accountId).catch(() => undefined) : undefined;
      const place = async () => {
        while (Date.now() < until) {
          const answer = await call('POST', '/v1/memories', { token, body: { content: `Fact ${turn++}` } }).catch(() => undefined);
          // Without a rate limit, a client that does not wait takes the processors, not the connections.
          if (answer?.status !== 201) await sleep(refusedMs);
        }
      };
      const places = Promise.all(Array.from({ length: width }, place));
      await sleep(ms);
      await lock?.end().catch(() => undefined);
      await places;
    },
  };
}

async function lockAccount(databaseUrl: string, accountId: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'arkloop faults', connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  await client.connect();
  await client.query('begin');
  await client.query('select 1 from accounts where id = $1 for update', [accountId]);
  // The writes wait for this one.
  await client.query('select 1 from memberships where account_id = $1 for update', [accountId]);
  return client;
}
