import type { Person, TestApp } from '../app/testApp.ts';
import { startHttpServer } from './mcp.ts';
import { addModel, addProvider } from './providers.ts';
import { checkPauses, pause, type ScriptedResponse } from './vendor.ts';

const cheap = { cost_per_1k_input: 0.001, cost_per_1k_output: 0.001 };

type Message = { role: string; content: string };

/**
 * Adds a model whose response to each request is computed from its messages by `think`. Use it instead of a script when requests are
 * repeated or arrive in no fixed order, as in resumed runs.
 */
export async function addScriptedModel(
  app: TestApp,
  person: Person,
  think: (messages: Message[]) => ScriptedResponse,
  prices: Record<string, number> = cheap,
) {
  const server = await startHttpServer(async (_req, res, body) => {
    const response = think(body.messages);
    checkPauses(response);
    const { status = 200, steps = [] } = response;
    res.writeHead(status, { 'content-type': status === 200 ? 'text/event-stream' : 'application/json' });
    for (const step of steps) {
      if (res.destroyed || step === 'stall') return;
      if (typeof step === 'object' && 'wait' in step) await pause(step);
      else if (step !== 'cut') res.write(step);
    }
    res.end();
  });
  const fields = { name: 'brain', api_key: 'sk-test-canary', base_url: `${server.url}/v1`, openai_api_mode: 'chat_completions' };
  await addModel(app, person, await addProvider(app, person, fields), prices);
  return server;
}
