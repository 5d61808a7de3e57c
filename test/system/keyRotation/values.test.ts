import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { newId } from '../../../server/platform/crypto/ids.ts';
import { type Keyring, keyringOf } from '../../../server/platform/crypto/keyring.ts';
import { seal, unseal } from '../../../server/platform/crypto/seal.ts';
import { sealedColumns } from '../../../server/processes/keyRotation/columns.ts';
import { checkKeyUse } from '../../../server/processes/keyRotation/keyUse.ts';
import { resealColumn } from '../../../server/processes/keyRotation/reseal.ts';
import { rotate } from '../../../server/processes/keyRotation/rotate.ts';
import { sealContextOf } from '../../../server/resources/llmProviders/owner.ts';
import { freshDatabase, startTestApp } from '../../support/app/testApp.ts';

const [first, second, third] = [randomBytes(32), randomBytes(32), randomBytes(32)];
const ringOf = (...secrets: Buffer[]): Keyring => keyringOf(secrets, { namesKeys: true });
const idOf = (secret: Buffer) => ringOf(secret).keys[0].id;
const never = new AbortController().signal;

async function openClient(databaseUrl: string) {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

/** A provider of the platform whose key is sealed with a ring. */
async function addProvider(client: pg.Client, ring: Keyring, key: string, id = newId()) {
  const sealed = seal(ring, key, sealContextOf({ id, account_id: null }));
  await client.query(`insert into llm_providers (id, provider, name, api_key_sealed) values ($1, 'openai', $2, $3)`, [id, id, sealed]);
  return id;
}
const keyOf = async (client: pg.Client, id: string, ring: Keyring) => {
  const { rows } = await client.query<{ sealed: Buffer }>('select api_key_sealed as sealed from llm_providers where id = $1', [id]);
  return unseal(ring, rows[0]!.sealed, sealContextOf({ id, account_id: null })).toString();
};

/** One after the other: a connection runs one query at a time. */
async function keysOf(client: pg.Client, ids: string[], ring: Keyring) {
  const keys: string[] = [];
  for (const id of ids) keys.push(await keyOf(client, id, ring));
  return keys;
}

async function rotation(databaseUrl: string, ring: Keyring) {
  const output = { lines: [] as string[], errors: [] as string[] };
  const isDone = await rotate(databaseUrl, ring, never, {
    write: (line) => void output.lines.push(line),
    writeError: (line) => void output.errors.push(line),
  });
  return { isDone, ...output };
}

test('values under keys that are not in the ring are named and kept, and the rest is re-sealed', async () => {
  const databaseUrl = await freshDatabase();
  const client = await openClient(databaseUrl);
  const ids = [await addProvider(client, ringOf(first), 'one'), await addProvider(client, keyringOf([first]), 'two')];
  const lost = [await addProvider(client, ringOf(third), 'three'), await addProvider(client, ringOf(third), 'four')];
  const unnamed = await addProvider(client, keyringOf([third]), 'five');
  const partly = await rotation(databaseUrl, ringOf(second, first));
  expect(partly.isDone).toBe(false);
  expect(partly.lines.slice(-3)).toEqual([
    `re-sealed with key ${idOf(second)}: 2, of which`,
    '  llm_providers.api_key_sealed: 2',
    'left under old keys: 3',
  ]);
  expect(partly.errors).toEqual([
    `llm_providers.api_key_sealed: 2 sealed with key ${idOf(third)}, which is not in the ring`,
    expect.stringMatching(/^llm_providers\.api_key_sealed: 1 sealed with a key without an id, which is not in the ring/),
  ]);
  expect(await keysOf(client, ids, ringOf(second))).toEqual(['one', 'two']);
  expect(await keysOf(client, [...lost, unnamed], ringOf(third))).toEqual(['three', 'four', 'five']);

  const rest = await rotation(databaseUrl, ringOf(second, third));
  expect([rest.isDone, rest.lines.at(-1), rest.errors]).toEqual([true, 'left under old keys: 0', []]);
  expect(await keysOf(client, [...ids, ...lost, unnamed], ringOf(second))).toHaveLength(5);
  await expect(rotation(databaseUrl, keyringOf([second]))).rejects.toThrow('rotate needs ARKLOOP_ENCRYPTION_KEYS');
});

test('a value that is written, or a row that is locked, while its old value is re-sealed keeps the new one', async () => {
  const databaseUrl = await freshDatabase();
  const [client, other] = [await openClient(databaseUrl), await openClient(databaseUrl)];
  const [changed, locked, deleted] = [
    await addProvider(client, ringOf(first), 'old'),
    await addProvider(client, ringOf(first), 'locked'),
    await addProvider(client, ringOf(first), 'deleted'),
  ];
  const ring = ringOf(second, first);
  const change = async () => {
    const owner = sealContextOf({ id: changed, account_id: null });
    await other.query('update llm_providers set api_key_sealed = $2 where id = $1', [changed, seal(ring, 'new', owner)]);
    await other.query('delete from llm_providers where id = $1', [deleted]);
    await other.query('begin; select from llm_providers for update');
  };
  // Between the read and the write.
  const between = new Proxy(client, {
    get: (target, name) =>
      name !== 'query'
        ? Reflect.get(target, name)
        : async (text: string, values: unknown[]) => {
            if (text.includes('skip locked')) await change();
            return await target.query(text, values);
          },
  });
  const column = sealedColumns().find(({ table }) => table === 'llm_providers')!;
  const pass = (on: pg.Client) => resealColumn(on, column, ring, { ending: never, onProgress: () => undefined });
  expect(await pass(between)).toEqual({ resealed: 0, unopened: 0, skipped: 3 });
  await other.query('commit');
  expect(await pass(client)).toEqual({ resealed: 1, unopened: 0, skipped: 0 });
  expect(await keysOf(client, [changed, locked], ringOf(second))).toEqual(['new', 'locked']);
});

test('a rotation ends although a process still seals with an older key', async () => {
  const databaseUrl = await freshDatabase();
  const client = await openClient(databaseUrl);
  await addProvider(client, ringOf(first), 'one');
  await client.query(
    `create function seal_again() returns trigger language plpgsql as 'begin new.api_key_sealed = old.api_key_sealed; return new; end'`,
  );
  await client.query('create trigger seal_again before update on llm_providers for each row execute function seal_again()');
  const { isDone, errors } = await rotation(databaseUrl, ringOf(second, first));
  expect([isDone, errors]).toEqual([false, [expect.stringMatching(/which is in the ring: written meanwhile .*, or locked, or damaged$/)]]);
});

test('a process that lacks the key in use does not start, and does not register its own, unless that key is lost', async () => {
  const { database } = await startTestApp({}, { worker: false });
  for (const ring of [keyringOf([first]), ringOf(first, second), ringOf(second, first)]) {
    await checkKeyUse(database, ring, { isLost: false });
    // The times of starts are kept in milliseconds.
    await sleep(5);
  }
  const line = new RegExp(`^ARKLOOP_ENCRYPTION_KEYS: lacks key ${idOf(second)}, .*\\.\\d{3}Z; .*$`);
  for (let attempt = 0; attempt < 2; attempt++)
    await expect(checkKeyUse(database, keyringOf([first]), { isLost: false })).rejects.toThrow(line);
  await checkKeyUse(database, keyringOf([first]), { isLost: true });
  await checkKeyUse(database, keyringOf([first]), { isLost: false });
});
