import { expect, test } from 'vitest';
import { startTestApp } from '../support/app/testApp.ts';
import { providerOf, recordedModelAt } from './models.ts';
import { startRecordedModel } from './recordedModel.ts';
import { fallenBehind, reportOf, tableOf, type TaskResult } from './report.ts';
import { runTasks } from './runTasks.ts';
import { recordingOf, tasks } from './tasks.ts';

const app = await startTestApp({ ARKLOOP_CODE_SANDBOX: 'wasm', ARKLOOP_WORKER_CONCURRENCY: '8', ARKLOOP_WORKER_MAX_CONCURRENCY: '8' });

test('every task passes with the recorded model, and none with a model that does nothing', async () => {
  const recorded = await startRecordedModel(recordingOf(tasks));
  const idle = await startRecordedModel(Object.fromEntries(tasks.map(({ prompt }) => [prompt, ['I am done.']])));
  try {
    const [results, without] = await Promise.all(
      [recorded, idle].map(({ url }) => runTasks({ url: app.url, model: recordedModelAt(url) }, tasks, { parallel: 4 })),
    );
    expect(results!.map(({ name, failed }) => [name, failed])).toEqual(tasks.map(({ name }) => [name, []]));
    expect(without!.filter(({ failed }) => failed.length === 0).map(({ name }) => name)).toEqual([]);
    const report = reportOf(results!, 'recorded');
    expect(report.totals).toMatchObject({ tasks: tasks.length, passed: tasks.length, pass_rate: 1 });
    // A run has as many turns as the recording, those of sub-agents included.
    const recordedTurns = Object.values(recordingOf(tasks)).reduce((sum, turns) => sum + turns.length, 0);
    expect(report.totals.turns).toBe(recordedTurns);
    for (const { name, input_tokens, output_tokens, cost_usd } of results!)
      expect([name, input_tokens > 0, output_tokens > 0, cost_usd > 0]).toEqual([name, true, true, true]);
    expect(report.totals.credits).toBeGreaterThan(0);
    expect(fallenBehind(reportOf(without!, 'idle'), report)).toEqual(tasks.map(({ name }) => name));
  } finally {
    recorded.close();
    idle.close();
  }
});

const result = (name: string, failed: string[] = [], ms = 1_000): TaskResult => ({
  ...{ name, failed, turns: 2, input_tokens: 1_500, output_tokens: 20 },
  ...{ cost_usd: 0.0021, credits: 3, ms },
});

test('a report names what failed, and falls behind another only when fewer of the common tasks pass', () => {
  const saved = reportOf([result('a'), result('b'), result('c', ['it is blue']), result('gone')], 'm');
  const report = reportOf([result('a'), result('b', ['it is red']), result('new', ['it is new'])], 'm');
  expect(report.totals).toMatchObject({ tasks: 3, passed: 1, turns: 6, input_tokens: 4_500, cost_usd: 0.0063, credits: 9, ms: 3_000 });
  expect(tableOf(report).split('\n').slice(2)).toEqual([
    '| a    | pass          |     2 |     1,500 |         20 | 0.0021 |       3 |     1.0 |',
    '| b    | FAIL          |     2 |     1,500 |         20 | 0.0021 |       3 |     1.0 |',
    '| new  | FAIL          |     2 |     1,500 |         20 | 0.0021 |       3 |     1.0 |',
    '| all  | 1 of 3 (33 %) |     6 |     4,500 |         60 | 0.0063 |       9 |     3.0 |',
    'b: it is red',
    'new: it is new',
  ]);
  expect(fallenBehind(report, saved)).toEqual(['b']);
  // Another task passes instead.
  expect(fallenBehind(reportOf([result('a'), result('b', ['it is red']), result('c')], 'm'), saved)).toEqual([]);
});

test('the recorded model repeats a turn that was cut off, and finds equal results of repeated calls', async () => {
  const model = await startRecordedModel({ go: [[['read'], ['write']], 'It is {{0.value}}.'] });
  const answer = async (...results: object[]) => {
    const turns = results.flatMap((result, at) => [
      { role: 'assistant', content: null },
      { role: 'tool', tool_call_id: `r${at}`, content: `${JSON.stringify({ value: 'blue' })}\n[1 image(s) left out]` },
      { role: 'tool', tool_call_id: `w${at}`, content: JSON.stringify(result) },
    ]);
    const body = JSON.stringify({ messages: [{ role: 'user', content: 'go' }, ...turns] });
    return (await fetch(`${model.url}/chat/completions`, { method: 'POST', body })).text();
  };
  const interrupted = { error: { error_class: 'tool.interrupted' } };
  try {
    for (const results of [[], [interrupted], [interrupted, { same_as: 'w0' }]])
      expect(await answer(...results)).toContain('"name":"write"');
    expect(await answer(interrupted, { ok: true })).toContain('t is blue.');
    expect(await answer({ ok: true })).toContain('t is blue.');
  } finally {
    model.close();
  }
});

test('the environment names a provider, and mistakes in it are told', () => {
  expect(providerOf({})).toBeUndefined();
  const all = { EVAL_PROVIDER: 'anthropic', EVAL_API_KEY: 'k', EVAL_MODEL: 'm', EVAL_BASE_URL: 'http://x', EVAL_COST_PER_1K_INPUT: '0.5' };
  expect(providerOf(all)).toEqual({
    provider: { provider: 'anthropic', api_key: 'k', base_url: 'http://x' },
    model: { model: 'm', cost_per_1k_input: 0.5, cost_per_1k_output: undefined },
  });
  expect(() => providerOf({ EVAL_MODEL: 'm' })).toThrow('EVAL_API_KEY');
  expect(() => providerOf({ EVAL_API_KEY: 'k' })).toThrow('EVAL_MODEL');
  expect(() => providerOf({ ...all, EVAL_COST_PER_1K_OUTPUT: 'cheap' })).toThrow('EVAL_COST_PER_1K_OUTPUT');
});
