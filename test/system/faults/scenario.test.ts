import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { createClient } from '../../../client/index.ts';
import type { RunEvent } from '../../../contract/events.ts';
import { startEmbeddedPostgres } from '../../../server/database/embedded.ts';
import { type Recording, startRecordedModel } from '../../eval/recordedModel.ts';
import { dataOf } from '../../support/agent/agent.ts';
import { temporaryDataDir } from '../../support/app/instance.ts';
import { fastWorkerEnv, type ServerProcess, startProcess, testKeysEnv } from '../../support/app/process.ts';
import { testKeys } from '../../support/app/testApp.ts';
import { audit } from '../../support/auditor/audit.ts';
import { newJournal } from '../../support/auditor/journal.ts';
import { textOf } from '../../support/checks/invariants.ts';
import { isTerminal, readAll } from '../../support/http/events.ts';
import { eventually } from '../../support/resources/conversation.ts';
import { useDatabaseClock } from '../../support/world/sameClock.ts';

useDatabaseClock();

const sales = 'region,amount\nnorth,40\nsouth,12\nnorth,2\nsouth,30\n';
const skill = `---
name: monthly-report
description: How reports of sales are written.
---
A report has a picture of the sums and ends with the word Checked.
`;

/** Sums the regions and draws a bar for each as a PNG: the standard library has what that takes. */
const python = `import csv, json, os, struct, sys, zlib
sums = {}
for row in csv.DictReader(open('data/sales.csv')):
  sums[row['region']] = sums.get(row['region'], 0) + int(row['amount'])
color = {'blue': b'\\x20\\x40\\xc0', 'red': b'\\xc0\\x20\\x20'}['{{5.user_response.color}}']
width, height, white = 40, 50, b'\\xff\\xff\\xff'
bars = [sums['north'], sums['south']]
lines = b''
for y in range(height):
  lines += b'\\0' + b''.join(color if bars[x // 20] >= height - y and x % 20 < 15 else white for x in range(width))
def chunk(name, data):
  return struct.pack('>I', len(data)) + name + data + struct.pack('>I', zlib.crc32(name + data))
os.makedirs('reports', exist_ok=True)
with open('reports/chart.png', 'wb') as file:
  file.write(b'\\x89PNG\\r\\n\\x1a\\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)) + chunk(b'IDAT', zlib.compress(lines)) + chunk(b'IEND', b''))
json.dumps(sums)`;

const goal = 'Write the report of this month.';
const regions = { north: 'Which amounts has the north?', south: 'Which amounts has the south?' };

const recording: Recording = {
  [goal]: [
    [
      ['load_skill', { name: 'monthly-report' }],
      ['workspace_read', { path: '/data/sales.csv' }],
    ],
    [
      ['spawn_agent', { input: regions.north }],
      ['spawn_agent', { input: regions.south }],
    ],
    [['wait_agent', { ids: ['{{2.agent_id}}', '{{3.agent_id}}'] }]],
    [
      [
        'ask_user',
        { message: 'Which color shall the bars have?', fields: [{ key: 'color', type: 'string', enum: ['blue', 'red'], required: true }] },
      ],
    ],
    [
      ['run_code', { language: 'python', code: python }],
      ['memory_write', { content: 'Prefers charts in {{5.user_response.color}}.' }],
    ],
    [
      ['wait_agent', { ids: ['{{2.agent_id}}'] }],
      ['wait_agent', { ids: ['{{3.agent_id}}'] }],
    ],
    [
      [
        'workspace_write',
        {
          path: '/reports/month.md',
          content: '# Sales\n\n{{6.value}}\n\n{{8.agents.0.output}} {{9.agents.0.output}}\n\n![Sums](chart.png)\n\nChecked\n',
        },
      ],
    ],
    'The report is in {{10.path}}.',
  ],
  [regions.north]: [[['workspace_grep', { pattern: '^north', path: '/data' }]], 'North: {{0.matches.0.text}} and {{0.matches.1.text}}.'],
  [regions.south]: [[['workspace_grep', { pattern: '^south', path: '/data' }]], 'South: {{0.matches.0.text}} and {{0.matches.1.text}}.'],
};
const report =
  '# Sales\n\n{"north": 42, "south": 42}\n\nNorth: north,40 and north,2. South: south,12 and south,30.\n\n![Sums](chart.png)\n\nChecked\n';

/** Where the run is when something is killed. The model pauses once in the answers of a sub-agent and of the run. */
type Place = 'sub-agents' | 'question' | 'code' | 'answer';
type Kill = [what: 'worker' | 'database', at: Place];

const isAt: Record<Place, (event: RunEvent) => boolean> = {
  'sub-agents': ({ type, data }) => type === 'tool.call' && data.tool_name === 'wait_agent',
  question: ({ type }) => type === 'run.waiting_for_input',
  code: ({ type, data }) => type === 'tool.call' && data.tool_name === 'run_code',
  answer: ({ type, data }) => type === 'message.delta' && data.content === 'T',
};

async function startEverything(kills: readonly Kill[]) {
  const dataDir = temporaryDataDir();
  const log = pino({ level: 'silent' });
  const postgres = await startEmbeddedPostgres({ dataDir, log });
  onTestFinished(() => postgres.stop());
  const pauses = new Set(kills.map(([, place]) => place));
  const model = await startRecordedModel(recording, {
    pause(question, turn) {
      const place = question === regions.north && turn === 1 ? 'sub-agents' : question === goal && turn === 7 ? 'answer' : undefined;
      // Until the connection ends.
      return place && pauses.delete(place) ? new Promise(() => {}) : undefined;
    },
  });
  onTestFinished(model.close);
  const env = {
    ...fastWorkerEnv,
    ...testKeysEnv,
    ARKLOOP_DATABASE_URL: postgres.url,
    ARKLOOP_STORAGE_ROOT: join(dataDir, 'storage'),
    ARKLOOP_CODE_SANDBOX: 'wasm',
    ARKLOOP_LLM_RETRY_BASE_DELAY_MS: '50',
  };
  const api = await startProcess('api', env);
  const startWorker = () => startProcess('worker', env);
  let worker: ServerProcess = await startWorker();
  return {
    url: api.url,
    databaseUrl: postgres.url,
    modelUrl: model.url,
    async kill(what: Kill[0]) {
      if (what === 'worker') {
        worker.kill('SIGKILL');
        await worker.exited;
        worker = await startWorker();
        return;
      }
      process.kill(Number(readFileSync(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]), 'SIGKILL');
    },
    async stop() {
      for (const each of [worker, api]) each.kill('SIGTERM');
      return Promise.all([worker.exited, api.exited]);
    },
  };
}

test.for<{ kills: [Kill, Kill] }>([
  {
    kills: [
      ['worker', 'sub-agents'],
      ['database', 'code'],
    ],
  },
  {
    kills: [
      ['worker', 'code'],
      ['database', 'answer'],
    ],
  },
])(
  'a scheduled run with skills, files, sub-agents, a question, code and a memory ends whole: $kills.0 and $kills.1 are killed',
  async ({ kills }) => {
    const { url, databaseUrl, modelUrl, kill, stop } = await startEverything(kills);
    const client = createClient({ baseUrl: url, maxRetries: 50, retryDelayMs: 100 });
    await client.auth.register({ body: { login: 'ada', email: 'ada@example.test', password: 'Passw0rd-1' } });
    const provider = await client.llmProviders.create({
      body: { name: 'recorded', provider: 'openai', api_key: 'sk-test-canary', base_url: modelUrl, openai_api_mode: 'chat_completions' },
    });
    await client.llmModels.create({
      params: { provider_id: provider.id },
      body: { model: 'recorded', cost_per_1k_input: 0.001, cost_per_1k_output: 0.01 },
    });
    await client.skills.create({ body: { files: [{ path: 'SKILL.md', content: skill }] } });
    const tools = ['workspace', 'code', 'subagents', 'memory', 'ask_user', 'load_skill'];
    await client.personas.create({
      body: {
        persona_key: 'reporter',
        version: '1',
        display_name: 'Reporter',
        prompt_md: 'Write reports.',
        tool_allowlist: tools,
        skills: ['monthly-report'],
      },
    });
    const [project] = await client.projects.list();
    const files = { params: { project_id: project!.id } };
    await client.workspaces.upload({ ...files, query: { path: '/data/sales.csv' }, body: { file: new File([sales], 'sales.csv') } });
    const granted = (await client.credits.mine()).balance;

    const schedule = await client.schedules.create({
      body: { name: 'Monthly', run_at: new Date(Date.now() + 2_000).toISOString(), persona_id: 'reporter', input: goal },
    });
    const occurrencesOf = () => client.schedules.occurrences({ params: { schedule_id: schedule.id } });
    const runId = await eventually(async () => (await occurrencesOf())[0]?.run_id ?? undefined, 'the run');

    const seen: RunEvent[] = [];
    const left = [...kills];
    for await (const event of client.runs.stream(runId, { maxRetries: 1_000 })) {
      seen.push(event);
      const next = left[0];
      if (next && isAt[next[1]](event)) {
        left.shift();
        await kill(next[0]);
      }
      if (event.type === 'run.waiting_for_input') {
        const input = { params: { run_id: runId }, body: { content: '{"color":"blue"}', input_key: 'color' } };
        await eventually(() => client.runs.input(input).catch(() => undefined), 'the answer');
      }
    }
    expect(left).toEqual([]);
    expect(seen.at(-1)).toMatchObject({ type: 'run.completed' });

    // The log is complete, the same for every reader, and says what was lost.
    expect(seen.map(({ seq }) => seq)).toEqual(seen.map((_, at) => at + 1));
    expect(await readAll(url, runId, client.session.accessToken!)).toEqual(seen);
    expect(seen.filter(isTerminal)).toHaveLength(1);
    expect(textOf(seen)).toBe('The report is in /reports/month.md.');
    expect(dataOf(seen, 'run.recovered').length).toBeGreaterThan(0);
    const failures = dataOf(seen, 'tool.result').flatMap(({ error }) => (error ? [error.error_class] : []));
    expect(failures.filter((each) => each !== 'tool.interrupted')).toEqual([]);

    // One occurrence, one run, two sub-agents, one charge each.
    expect(await occurrencesOf()).toMatchObject([{ status: 'started', run_id: runId, run_status: 'completed' }]);
    expect(await client.schedules.get({ params: { schedule_id: schedule.id } })).toMatchObject({ status: 'completed', last_run_id: runId });
    const run = await client.runs.get({ params: { run_id: runId } });
    expect(run).toMatchObject({ persona_id: 'reporter', status: 'completed', error: null });
    const runs = await client.runs.list().toArray({ limit: 100 });
    expect(run.child_run_ids).toHaveLength(2);
    expect(new Set(runs.map(({ run_id: id }) => id))).toEqual(new Set([runId, ...run.child_run_ids]));
    const { balance, reserved, transactions } = await client.credits.mine();
    const charges = transactions.filter(({ reference_type: type }) => type === 'run');
    expect(Object.fromEntries(charges.map(({ reference_id: id, amount }) => [id, -amount]))).toEqual(
      Object.fromEntries(runs.filter(({ credits_used: used }) => used).map(({ run_id: id, credits_used: used }) => [id, used])),
    );
    expect([charges.length > 0, balance, reserved]).toEqual([true, granted + charges.reduce((sum, { amount }) => sum + amount, 0), 0]);

    // The files, the memory, and the conversation.
    const fileAt = async (path: string) => Buffer.from(await (await client.workspaces.file({ ...files, query: { path } })).arrayBuffer());
    expect((await fileAt('/reports/month.md')).toString()).toBe(report);
    const picture = await fileAt('/reports/chart.png');
    expect([picture.subarray(1, 4).toString(), picture.readUInt32BE(16), picture.readUInt32BE(20)]).toEqual(['PNG', 40, 50]);
    expect((await client.memories.list()).map(({ content }) => content)).toEqual(['Prefers charts in blue.']);
    const messages = await client.messages.list({ params: { thread_id: run.thread_id } });
    expect(messages.map(({ role, content }) => [role, content])).toEqual([
      ['user', goal],
      ['assistant', 'The report is in /reports/month.md.'],
    ]);

    const journal = newJournal();
    journal.streams.push({ runId, events: seen.map(({ seq, event_id }) => ({ seq, event_id })) });
    await expect.poll(() => audit({ databaseUrl, encryptionKeys: testKeys.encryptionKeys, journal, isSettled: true })).toEqual([]);
    expect(await stop()).toEqual(Array(2).fill({ code: 0, signal: null }));
  },
);
