import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { SealedColumn } from '../../database/sealedColumns.ts';
import type { Keyring } from '../../platform/crypto/keyring.ts';
import { OperatorError } from '../../platform/operatorError.ts';
import { sealedColumns } from './columns.ts';
import { countOld, type Old, resealColumn } from './reseal.ts';

type Output = { write(line: string): void; writeError(line: string): void };

/** Passes without a re-sealed value while other processes hold locks on the rows. */
const maxIdleRounds = 20;
/** All passes. A process that still seals with an older key would otherwise keep this running. */
const maxRounds = 50;

/**
 * Re-seals everything with the newest key while other processes serve. It keeps no state, so it continues after an interruption: what is sealed with the
 * newest key is left alone. Returns whether nothing is left under other keys.
 */
export async function rotate(url: string, ring: Keyring, ending: AbortSignal, output: Output): Promise<boolean> {
  if (!ring.namesKeys)
    throw new OperatorError(
      'rotate needs ARKLOOP_ENCRYPTION_KEYS, or the file encryption-keys in the data folder: the new key first, then the old ones',
    );
  const client = new pg.Client({ connectionString: url, application_name: 'arkloop rotate', keepAlive: true });
  client.on('error', () => undefined);
  await client.connect();
  try {
    // Counting reads whole tables.
    await client.query('set statement_timeout = 0');
    return await rotateOn(client, ring, ending, output);
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function rotateOn(client: pg.Client, ring: Keyring, ending: AbortSignal, output: Output): Promise<boolean> {
  const columns = sealedColumns();
  const resealed = new Map<string, number>();
  let idleRounds = 0;
  for (let rounds = 1; ; rounds++) {
    const round = { resealed: 0, unopened: 0 };
    for (const column of columns) {
      const name = nameOf(column);
      const before = resealed.get(name) ?? 0;
      const onProgress = everySecond((count, share) =>
        output.write(`${name}: ${before + count} re-sealed, ${Math.floor(share * 100)}% of the table`),
      );
      const pass = await resealColumn(client, column, ring, { ending, onProgress });
      if (pass.resealed > 0) {
        resealed.set(name, before + pass.resealed);
        output.write(`${name}: ${before + pass.resealed} re-sealed`);
      }
      round.resealed += pass.resealed;
      round.unopened += pass.unopened;
    }
    if (ending.aborted) return false;
    const left = await countAll(client, columns, ring);
    const openable = sumOf(left.flatMap(({ old }) => old)) - round.unopened;
    idleRounds = round.resealed > 0 ? 0 : idleRounds + 1;
    if (openable <= 0 || idleRounds > maxIdleRounds || rounds === maxRounds) return report(ring, resealed, left, output);
    await sleep(100, undefined, { signal: ending }).catch(() => undefined);
  }
}

type Left = { name: string; old: Old[] };

async function countAll(client: pg.Client, columns: SealedColumn[], ring: Keyring): Promise<Left[]> {
  const left: Left[] = [];
  for (const column of columns) left.push({ name: nameOf(column), old: await countOld(client, column, ring) });
  return left;
}

function report(ring: Keyring, resealed: Map<string, number>, left: Left[], { write, writeError }: Output): boolean {
  const total = [...resealed.values()].reduce((sum, each) => sum + each, 0);
  write(`re-sealed with key ${ring.keys[0].id}: ${total}${total > 0 ? ', of which' : ''}`);
  for (const [name, count] of resealed) write(`  ${name}: ${count}`);
  const remaining = sumOf(left.flatMap(({ old }) => old));
  write(`left under old keys: ${remaining}`);
  for (const { name, old } of left)
    for (const { keyId, count } of old) writeError(`${name}: ${count} sealed with ${keyNameOf(ring, keyId)}`);
  return remaining === 0;
}

function keyNameOf({ keys }: Keyring, keyId: string | undefined): string {
  if (keyId === undefined)
    return 'a key without an id, which is not in the ring, or written meanwhile by a process with an older configuration, or locked';
  return keys.some(({ id }) => id === keyId)
    ? `key ${keyId}, which is in the ring: written meanwhile by a process with an older ring, or locked, or damaged`
    : `key ${keyId}, which is not in the ring`;
}

const sumOf = (old: Old[]) => old.reduce((sum, { count }) => sum + count, 0);

const nameOf = ({ table, column }: SealedColumn) => `${table}.${column}`;

function everySecond(report: (count: number, share: number) => void) {
  let last = performance.now();
  return (count: number, share: number) => {
    if (performance.now() - last < 1_000) return;
    last = performance.now();
    report(count, share);
  };
}
