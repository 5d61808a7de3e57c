import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { addRandomPersona } from '../../support/agent/agent.ts';
import { addModel, addProvider } from '../../support/agent/providers.ts';
import { callsTools } from '../../support/agent/tools.ts';
import { chat, startVendor, type Vendor } from '../../support/agent/vendor.ts';
import { freePort } from '../../support/app/ports.ts';
import { setPlatformSettings } from '../../support/app/settings.ts';
import { type Person, startTestApp } from '../../support/app/testApp.ts';
import { answersAt, python, startServer } from '../../support/checks/counterparts.ts';
import { expectRunInvariants, textOf } from '../../support/checks/invariants.ts';
import { openStream } from '../../support/http/events.ts';
import { openThread, startRun } from '../../support/resources/conversation.ts';

const app = await startTestApp();
await setPlatformSettings(app, { 'llm.retry.max_attempts': 1 });

/** LiteLLM requires a master key and rejects weak ones. */
const masterKey = `sk-${randomBytes(24).toString('hex')}`;

/** Starts LiteLLM in front of a scripted model provider. */
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
  // JSON is valid YAML.
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
  const persona_id = await addRandomPersona(app, person, { tool_allowlist: ['timeline_title'] });
  const { token } = person;
  const runId = await startRun(app, person, await openThread(app, person), { persona_id });
  await openStream(app.url, runId, { token }).then(({ ended }) => ended);
  return expectRunInvariants(app, runId, token, masterKey);
}

test('runs through LiteLLM get answers, tool calls and the messages of errors', async () => {
  const vendor = await startVendor();
  onTestFinished(vendor.close);
  const url = await startLiteLlm(vendor);
  const person = await app.signUp();
  const fields = { base_url: `${url}/v1`, api_key: masterKey, openai_api_mode: 'chat_completions' };
  await addModel(app, person, await addProvider(app, person, fields));

  vendor.respondWith(chat.answer('Good ', 'day.'));
  const answered = await runBy(person);
  expect([answered.at(-1)?.type, textOf(answered)]).toEqual(['run.completed', 'Good day.']);

  vendor.respondWith(callsTools(['timeline_title', { label: 'A step' }, 'call_1']), chat.answer('Done.'));
  const called = await runBy(person);
  expect(called.filter(({ type }) => type === 'tool.result')).toHaveLength(1);
  expect(textOf(called)).toBe('Done.');

  for (const [status, errorClass] of [
    [500, 'provider.retryable'],
    [400, 'provider.non_retryable'],
  ] as const) {
    vendor.respondWith(chat.failure(status, { message: 'the paper has run out', type: 'server_error' }));
    expect((await runBy(person)).at(-1)).toMatchObject({
      type: 'run.failed',
      data: { error_class: errorClass, message: expect.stringContaining('the paper has run out'), details: { status_code: status } },
    });
  }
});
