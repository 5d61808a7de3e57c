import { createHmac, randomUUIDv7 } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import type { Queryable } from '../../../server/database/sql.ts';
import { bindValues, type Statement } from '../../../server/database/statement.ts';
import { createPasswordHasher } from '../../../server/platform/crypto/passwords.ts';
import { selectMessages } from '../../../server/resources/messages/queries.ts';
import { viewMessage } from '../../../server/resources/messages/view.ts';
import * as threads from '../../../server/resources/threads/queries.ts';
import { removeContent } from '../../../server/resources/threads/removeContent.ts';
import { viewThread } from '../../../server/resources/threads/view.ts';

// Returns the same responses from the same statements, transactions, and audit entries, without a framework, validation, limits, or policies.
// The comparison shows the overhead of the server.

type Caller = { sub: string; account: string; exp: number };
type Answer = { status: number; body?: unknown };
type Client = { query: (config: pg.QueryConfig) => Promise<pg.QueryResult> };

const insertAudit = {
  name: 'insert audit',
  text: `
  insert into audit_logs (id, account_id, actor_user_id, action, target_type, target_id, trace_id, metadata, before_state, after_state, ip_address, user_agent)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
};

const types = new pg.TypeOverrides();
types.setTypeParser(pg.types.builtins.TIMESTAMPTZ, (text: string) => `${text.slice(0, 10)}T${text.slice(11, -3).padEnd(12, '0')}Z`);
const pool = new pg.Pool({
  connectionString: process.env.BENCH_DATABASE_URL,
  max: 8,
  types,
  options: '-c TimeZone=UTC -c DateStyle=ISO',
  pipeline: true,
});
const secret = Buffer.from(process.env.BENCH_JWT_SECRET ?? '');
const callers = new Map<string, Caller>();

const run = async (client: Client, { name, text }: { name: string; text: string }, values: unknown[]) =>
  (await client.query({ name, text, values })).rows;

const ask = async <P extends object, Row>(client: Client, statement: Statement<P, Row>, values: P): Promise<Row[]> =>
  run(client, statement, bindValues(statement, values));

/** For functions of the server that only run statements. */
const runnerOf = (client: Client) => ({ run: (statement: never, values: never) => ask(client, statement, values) }) as unknown as Queryable;

function callerOf({ headers }: IncomingMessage): Caller | undefined {
  const token = headers.authorization?.slice('Bearer '.length) ?? '';
  const known = callers.get(token) ?? verified(token);
  if (known) callers.set(token, known);
  return known && known.exp * 1_000 > Date.now() ? known : undefined;
}

function verified(token: string): Caller | undefined {
  const [header, payload = '', signature] = token.split('.');
  const expected = createHmac('sha256', secret).update(`${header}.${payload}`).digest('base64url');
  return signature === expected ? (JSON.parse(Buffer.from(payload, 'base64url').toString()) as Caller) : undefined;
}

async function bodyOf(req: IncomingMessage): Promise<{ title?: string }> {
  const chunks: Buffer[] = [];
  req.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(req, 'end');
  return JSON.parse(Buffer.concat(chunks).toString());
}

async function inTransaction<T>(work: (client: Client) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    client.query('begin').catch(() => {});
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback');
    throw error;
  } finally {
    client.release();
  }
}

function audit(client: Client, req: IncomingMessage, { sub, account }: Caller, action: string, target: string) {
  const origin = [req.socket.remoteAddress, req.headers['user-agent'] ?? null];
  return run(client, insertAudit, [randomUUIDv7(), account, sub, action, 'thread', target, '0'.repeat(32), '{}', null, null, ...origin]);
}

async function answer(req: IncomingMessage): Promise<Answer> {
  if (req.url === '/v1/auth/login') return hashing();
  const caller = callerOf(req);
  if (!caller) return { status: 401 };
  const { sub, account } = caller;
  if (req.method === 'POST') {
    const { title } = await bodyOf(req);
    const id = randomUUIDv7();
    return inTransaction(async (client) => {
      const [thread] = await ask(client, threads.insertThread, {
        accountId: account,
        id,
        userId: sub,
        title: title ?? null,
        projectId: null,
        isPrivate: false,
      });
      await audit(client, req, caller, 'thread.create', id);
      return { status: 201, body: viewThread(thread!) };
    });
  }
  const [, , , id = '', list] = req.url!.split('?', 1)[0]!.split('/');
  const [thread] = await ask(pool, threads.selectReadableThread, { accountId: account, userId: sub, seesAll: true, id });
  if (!thread) return { status: 404 };
  if (list) {
    const rows = await ask(pool, selectMessages, { accountId: account, threadId: id, beforeNumber: null, limit: 51 });
    return { status: 200, body: rows.slice(0, 50).reverse().map(viewMessage) };
  }
  if (req.method === 'GET') return { status: 200, body: viewThread(thread) };
  const body = req.method === 'PATCH' ? await bodyOf(req) : undefined;
  return inTransaction(async (client) => {
    if (!body) {
      await ask(client, threads.deleteThread, { accountId: account, id });
      await Promise.all([
        ask(client, threads.selectActiveRun, { accountId: account, threadId: id }),
        removeContent(runnerOf(client), [{ account_id: account, id }]),
      ]);
      await audit(client, req, caller, 'thread.delete', id);
      return { status: 204 };
    }
    const [changed] = await ask(client, threads.updateThread, {
      accountId: account,
      id,
      userId: sub,
      changesTitle: true,
      title: body.title ?? null,
      changesProject: false,
      projectId: null,
      isArchived: null,
    });
    await audit(client, req, caller, 'thread.update', id);
    return { status: 200, body: viewThread(changed!) };
  });
}

// A sign-in only verifies the hash, one per core at a time, in the same threads.
const passwords = createPasswordHasher();
const hash = await passwords.hash('Passw0rd-1');
const hashing = async () => ({ status: (await passwords.verify(hash, 'Passw0rd-1')) ? 200 : 500 });

function send(res: ServerResponse, { status, body }: Answer) {
  const text = body === undefined ? '' : JSON.stringify(body);
  res.writeHead(status, status === 204 ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  res.end(text);
}

const server = createServer((req, res) => {
  answer(req).then(
    (answered) => send(res, answered),
    () => send(res, { status: 500 }),
  );
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
process.on('SIGTERM', () => process.exit(0));
process.stdout.write(`API: http://127.0.0.1:${(server.address() as AddressInfo).port}\nThe yardstick is ready\n`);
