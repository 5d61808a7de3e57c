import { expect, test } from 'vitest';
import { dataOf, openScriptedThread } from '../support/agent/agent.ts';
import { callsTools } from '../support/agent/tools.ts';
import { chat } from '../support/agent/vendor.ts';
import { startTestApp } from '../support/app/testApp.ts';

const app = await startTestApp({ ARKLOOP_CODE_SANDBOX: 'wasm' });
const toolNames = (talk: { vendor: { requests: { body: any }[] } }): string[] =>
  (talk.vendor.requests[0]!.body.tools ?? []).map(({ function: { name } }: { function: { name: string } }) => name);

test('a run of a persona that names run_code executes code on the files of its user; other personas are not offered it', async () => {
  const code = `const rows = workspace.read('/in.csv').trim().split('\\n').slice(1).map(Number);
    workspace.write('/out.json', JSON.stringify({ sum: rows.reduce((a, b) => a + b) })); console.log('done'); rows.length`;
  const script = [
    callsTools(['workspace_write', { path: 'in.csv', content: 'x\n1\n2\n' }]),
    callsTools(['run_code', { language: 'javascript', code }]),
    callsTools(['workspace_read', { path: 'out.json' }]),
    chat.answer('Done.'),
  ];
  const talk = await openScriptedThread(app, { script, persona: { tool_allowlist: ['run_code', 'workspace'] } });
  const { events } = await talk.run();
  expect(events.at(-1)).toMatchObject({ type: 'run.completed' });
  expect(dataOf(events, 'tool.result').map(({ result }) => result)).toMatchObject([
    { size: 6 },
    { output: 'done\n', value: '2', files: [{ path: '/out.json', size: 9 }] },
    { content: '{"sum":3}' },
  ]);
  const other = await openScriptedThread(app, { script: [callsTools(['run_code', { language: 'javascript', code }]), chat.answer('No.')] });
  const refused = await other.run();
  expect([toolNames(talk).includes('run_code'), toolNames(other).includes('run_code')]).toEqual([true, false]);
  expect(dataOf(refused.events, 'tool.result')[0]).toMatchObject({
    error: { error_class: 'policy.denied' },
  });
});
