import { expect, test } from 'vitest';
import { dataOf, openScriptedThread } from '../../support/agent/agent.ts';
import { addMcpConfig, startHttpServer } from '../../support/agent/mcp.ts';
import { callsTools } from '../../support/agent/tools.ts';
import { chat } from '../../support/agent/vendor.ts';
import { startTestApp } from '../../support/app/testApp.ts';

const app = await startTestApp();
const token = 'tok-"secret"\\4f9c2a71b8d05e63';

/** A server that echoes the authorization header in results and errors. */
async function startEchoServer() {
  const text = (value: string) => ({ content: [{ type: 'text', text: value }] });
  const answers: Record<string, (heard: string) => object> = {
    echo: (heard) => ({ result: { ...text(`You said ${heard}, ${heard}`), structuredContent: { heard } } }),
    fail: (heard) => ({ result: { ...text(`${'x'.repeat(990)}${heard}`), isError: true } }),
    refuse: (heard) => ({ error: { code: -32001, message: `Bad header ${heard}`, data: { headers: [{ authorization: heard }] } } }),
    odd: () => ({ error: { code: -32002, message: `${'x'.repeat(999)}\u{1f600}`, data: { nul: '\0', half: '\ud800', '\0': 1 } } }),
  };
  return startHttpServer((req, res, body) => {
    if (body?.id === undefined) return res.writeHead(202).end();
    const results: Record<string, () => object> = {
      initialize: () => ({
        result: { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 's', version: '1' } },
      }),
      'tools/list': () => ({ result: { tools: Object.keys(answers).map((name) => ({ name, inputSchema: { type: 'object' } })) } }),
      'tools/call': () => answers[body.params.name]!(req.headers.authorization!),
    };
    res.setHeader('content-type', 'application/json').end(JSON.stringify({ jsonrpc: '2.0', id: body.id, ...results[body.method]!() }));
  });
}

test('a token echoed by a server is masked in events and prompts, and invalid Unicode is handled', async () => {
  const person = await app.signUp();
  const server = await startEchoServer();
  await addMcpConfig(app, person, { name: 'web', transport: 'streamable_http', url: server.url, bearer_token: token });
  const calls = ['echo', 'fail', 'refuse', 'odd'].map((name) => callsTools([`mcp__web__${name}`]));
  const talk = await openScriptedThread(app, { person, script: [...calls, chat.answer('Done.')] });
  const { events } = await talk.run();
  expect(server.requests.every(({ headers }) => headers.authorization === `Bearer ${token}`)).toBe(true);
  const [echo, fail, refuse, odd] = dataOf(events, 'tool.result');
  expect(echo!.result).toEqual({
    content: [{ type: 'text', text: 'You said Bearer ******, Bearer ******' }],
    structuredContent: { heard: 'Bearer ******' },
  });
  expect(fail!.error).toMatchObject({
    error_class: 'mcp.tool_error',
    message: `${'x'.repeat(990)}Bearer ***`,
    details: { content: [{ text: `${'x'.repeat(990)}Bearer ******` }] },
  });
  expect(refuse!.error).toEqual({
    error_class: 'mcp.rpc_error',
    message: 'Bad header Bearer ******',
    details: { code: -32001, data: { headers: [{ authorization: 'Bearer ******' }] } },
  });
  expect(odd!.error).toMatchObject({ error_class: 'mcp.rpc_error', message: `${'x'.repeat(999)}\ufffd`, details: { code: -32002 } });
  expect(events.at(-1)!.type).toBe('run.completed');
  const seen = JSON.stringify([events, talk.vendor.requests]);
  for (const part of ['4f9c2a71', 'tok-']) expect(seen).not.toContain(part);
});
