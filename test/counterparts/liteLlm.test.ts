import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { addPersona } from '../setup/agent.ts';
import { openThread, startRun } from '../setup/conversation.ts';
import { answersAt, python, startServer } from '../setup/counterparts.ts';
import { openStream } from '../setup/events.ts';
import { expectSound, textOf } from '../setup/invariants.ts';
import { freePort } from '../setup/ports.ts';
import { addModel, addProvider } from '../setup/providers.ts';
import { setPlatform } from '../setup/settings.ts';
import { asks } from '../setup/tools.ts';
import { chat, startVendor, type Vendor } from '../setup/vendor.ts';
import { type Person, startWorld } from '../setup/world.ts';

const world = await startWorld();
await setPlatform(world, { 'llm.retry.max_attempts': 1 });

/** LiteLLM lets nobody in without a key, and takes no weak one. */
const masterKey = `sk-${randomBytes(24).toString('hex')}`;

/** LiteLLM before a scripted vendor. */
async function startLiteLlm({ origin }: Vendor): Promise<string> {
  const bin = await python('litellm[proxy]==1.108.7');
  const folder = mkdtempSync(join(tmpdir(), 'arkloop-litellm-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const parameters = { model: 'openai/gpt-test', api_base: `${origin}/v1`, api_key: 'sk-upstream', max_retries: 0 };
  const configuration = {
    model_list: [{ model_name: 'gpt-test', litellm_params: parameters }],
    general_settings: { master_key: masterKey },
    litellm_settings: { num_retries: 0, telemetry: false },
    router_settings: { num_retries: 0, disable_cooldowns: true },
  };
  // JSON is YAML.
  writeFileSync(join(folder, 'config.yaml'), JSON.stringify(configuration));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const args = ['--config', join(folder, 'config.yaml'), '--host', '127.0.0.1', '--port', String(port)];
  await startServer(bin('litellm'), args, answersAt(`${url}/health/liveliness`), {
    LITELLM_LOCAL_MODEL_COST_MAP: 'True',
    LITELLM_TELEMETRY: 'False',
  });
  return url;
}

async function runBy(person: Person) {
  const persona_id = await addPersona(world, person, { tool_allowlist: ['timeline_title'] });
  const { token } = person;
  const runId = await startRun(world, person, await openThread(world, person), { persona_id });
  await (await openStream(world.url, runId, { token })).ended;
  return expectSound(world, runId, token, masterKey);
}

test('runs through LiteLLM: an answer, a call of a tool, and the words of an error', async () => {
  const vendor = await startVendor();
  onTestFinished(vendor.close);
  const url = await startLiteLlm(vendor);
  const person = await world.signUp();
  const fields = { base_url: `${url}/v1`, api_key: masterKey, openai_api_mode: 'chat_completions' };
  await addModel(world, person, await addProvider(world, person, fields));

  vendor.answers(chat.answer('Good ', 'day.'));
  const answered = await runBy(person);
  expect([answered.at(-1)?.type, textOf(answered)]).toEqual(['run.completed', 'Good day.']);

  vendor.answers(asks(['timeline_title', { label: 'A step' }, 'call_1']), chat.answer('Done.'));
  const called = await runBy(person);
  expect(called.filter(({ type }) => type === 'tool.result')).toHaveLength(1);
  expect(textOf(called)).toBe('Done.');

  for (const [status, errorClass] of [
    [500, 'provider.retryable'],
    [400, 'provider.non_retryable'],
  ] as const) {
    vendor.answers(chat.failure(status, { message: 'the paper has run out', type: 'server_error' }));
    expect((await runBy(person)).at(-1)).toMatchObject({
      type: 'run.failed',
      data: { error_class: errorClass, message: expect.stringContaining('the paper has run out'), details: { status_code: status } },
    });
  }
});
