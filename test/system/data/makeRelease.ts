// Makes the data of this version for the test of upgrades: `node test/system/data/makeRelease.ts`. It starts the server, uses the API, and keeps a backup.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { createClient } from '../../../client/index.ts';
import { startEmbeddedPostgres } from '../../../server/database/embedded.ts';
import { migrate } from '../../../server/database/migrate.ts';
import { readManifest } from '../../../server/processes/backup/manifest.ts';
import { packRelease, type Read, releasedLogin, schemaOf } from './released.ts';

const main = fileURLToPath(new URL('../../../server/main.ts', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'arkloop-release-'));
const admin = { login: 'administrator', email: 'admin@example.test', password: 'Passw0rd-1' };
const env = {
  PATH: process.env.PATH,
  ARKLOOP_DATA_DIR: join(folder, 'data'),
  ARKLOOP_API_ADDR: '127.0.0.1:0',
  ARKLOOP_GATEWAY_ADDR: '127.0.0.1:0',
  ARKLOOP_OUTBOUND_ALLOW_LOOPBACK_HTTP: '1',
  // The keys of `testKeys`.
  ARKLOOP_AUTH_JWT_SECRET: 'test secret '.repeat(4),
  ARKLOOP_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('hex'),
  ARKLOOP_ADMIN_LOGIN: admin.login,
  ARKLOOP_ADMIN_EMAIL: admin.email,
  ARKLOOP_ADMIN_PASSWORD: admin.password,
};

type Server = { child: ChildProcess; output: () => string; exited: Promise<unknown> };

function startServer(...args: string[]): Server {
  const child = spawn(process.execPath, [main, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (bytes: Buffer) => (text += bytes.toString()));
  return { child, output: () => text, exited: once(child, 'exit') };
}

async function until<T>(what: string, find: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < 600; tries++) {
    const found = await find();
    if (found !== undefined) return found;
    await sleep(200);
  }
  throw new Error(`${what} did not happen within two minutes`);
}

/** Uses what has rows of its own, and returns what the API answers about it. */
async function useApi(baseUrl: string): Promise<Read[]> {
  const operator = createClient({ baseUrl });
  await operator.auth.login({ body: { login: admin.login, password: admin.password } });
  const client = createClient({ baseUrl });
  await client.auth.register({ body: { ...releasedLogin, email: 'somebody@example.test' } });
  const { account_id } = await client.me.get();

  const thread = await client.threads.create({ body: { title: 'Kept thread' } });
  const params = { thread_id: thread.id };
  const staged = await client.attachments.stage({ body: { file: new File(['attached text'], 'note.txt', { type: 'text/plain' }) } });
  const message = await client.messages.create({
    params,
    body: {
      content_json: {
        parts: [
          { type: 'text', text: 'Hello' },
          { type: staged.kind, attachment: staged },
        ],
      },
    } as never,
  });
  const { run_id } = await client.runs.create({ params, body: {} });
  await until('the run', async () => ((await client.runs.get({ params: { run_id } })).status === 'completed' ? true : undefined));
  const archived = await client.threads.create({ body: { title: 'Archived thread' } });
  await client.threads.update({ params: { thread_id: archived.id }, body: { archived: true } });
  const share = await client.shares.create({ params, body: { access_type: 'public' } });

  const project = await client.projects.create({ body: { name: 'Kept project' } });
  await client.personas.create({ body: { persona_key: 'kept', version: '1', display_name: 'Kept', prompt_md: 'Be brief.' } });
  await client.teams.create({ body: { name: 'Kept team' } });
  await client.llmProviders.create({
    body: { name: 'Kept provider', provider: 'openai', base_url: 'https://models.example.test/v1', api_key: 'sk-kept-0001' },
  });
  await client.mcpConfigs.create({ body: { name: 'kept', transport: 'streamable_http', url: 'https://tools.example.test/mcp' } });
  await client.webhookEndpoints.create({ body: { url: 'http://127.0.0.1:9/hook', events: ['run.failed'] } });
  await client.memories.create({ body: { content: 'Likes short answers.' } });
  await client.skills.create({
    body: { files: [{ path: 'SKILL.md', content: '---\nname: kept\ndescription: A kept skill.\n---\n\nDo nothing.\n' }] },
  });
  await client.schedules.create({ body: { name: 'Kept schedule', cron: '0 9 1 1 *', timezone: 'UTC', input: 'Hello again' } });
  const { key } = await client.apiKeys.create({ body: { name: 'Kept key', limits: { credits_per_month: 5_000 } } });
  const plan = await operator.plans.create({ body: { name: 'kept', display_name: 'Kept plan' } });
  const period = { current_period_start: '2026-01-01T00:00:00Z', current_period_end: '2099-01-01T00:00:00Z' };
  await operator.subscriptions.create({ body: { account_id, plan_id: plan.id, ...period } });
  const service = await operator.serviceKeys.create({
    body: { name: 'Kept service', scopes: ['platform.usage.read', 'platform.plans.manage'] },
  });
  await operator.featureFlags.create({ body: { key: 'kept.flag', default_value: true } });

  const read = async (path: string, token: string | undefined, as: Read['as']): Promise<Read> => {
    const response = await fetch(baseUrl + path, { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } });
    if (response.status !== 200) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
    const isJson = response.headers.get('content-type')?.includes('json');
    return { path, as, body: isJson ? await response.json() : await response.text() };
  };
  const { access_token } = (await createClient({ baseUrl }).auth.login({ body: releasedLogin } as never)) as unknown as {
    access_token: string;
  };
  const [, part] = (message.content_json as { parts: { attachment?: { key: string } }[] }).parts;
  const own = [
    ...['/v1/threads', '/v1/threads?archived=true', `/v1/threads/${thread.id}/messages`, `/v1/threads/${thread.id}/runs`],
    ...[
      `/v1/attachments/${part!.attachment!.key}`,
      '/v1/threads/search?q=hello',
      '/v1/me/credits',
      '/v1/projects',
      `/v1/projects/${project.id}`,
    ],
    ...['/v1/personas', '/v1/teams', '/v1/llm-providers', '/v1/mcp-configs', '/v1/webhook-endpoints', '/v1/memories', '/v1/skills'],
    ...['/v1/schedules'],
  ];
  const reads: Read[] = [];
  for (const path of own) reads.push(await read(path, access_token, 'user'));
  reads.push(await read('/v1/threads', key, { key }), await read('/v1/plans', service.key, { key: service.key }));
  reads.push(await read(`/v1/s/${share.token}`, undefined, 'nobody'));
  return reads;
}

const server = startServer();
try {
  await until('the start', () => {
    if (server.child.exitCode !== null) throw new Error(server.output());
    return server.output().includes('Arkloop is ready') || undefined;
  });
  const reads = await useApi(/API: +(\S+)/.exec(server.output())![1]!);
  server.child.kill('SIGTERM');
  await server.exited;
  const backup = startServer('backup', join(folder, 'backup'));
  await backup.exited;
  if (backup.child.exitCode !== 0) throw new Error(backup.output());
  const { version, migrations } = await readManifest(join(folder, 'backup'));
  const { url, stop } = await startEmbeddedPostgres({ dataDir: await mkdtemp(join(folder, 'schema-')), log: pino({ level: 'silent' }) });
  try {
    await migrate(url, migrations);
    packRelease(version, join(folder, 'backup'), await schemaOf(url), reads);
  } finally {
    await stop();
  }
  console.log(`the data of ${version} is kept, with ${reads.length} responses`);
} finally {
  if (server.child.exitCode === null && server.child.signalCode === null) {
    server.child.kill('SIGTERM');
    await server.exited;
  }
  await rm(folder, { recursive: true, force: true });
}
