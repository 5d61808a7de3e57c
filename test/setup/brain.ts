import { setTimeout as wait } from 'node:timers/promises';
import { startHttp } from './mcp.ts';
import { addModel, addProvider } from './providers.ts';
import type { Scripted } from './vendor.ts';
import type { Person, World } from './world.ts';

const cheap = { cost_per_1k_input: 0.001, cost_per_1k_output: 0.001 };

type Message = { role: string; content: string };

/**
 * A model that answers by what it is asked, however often: `think` sees the messages of a request. For runs that are taken up again, whose
 * questions come in no order that a script could know.
 */
export async function addBrain(
  world: World,
  person: Person,
  think: (messages: Message[]) => Scripted,
  prices: Record<string, number> = cheap,
) {
  const server = await startHttp(async (_req, res, body) => {
    const { status = 200, steps = [] } = think(body.messages);
    res.writeHead(status, { 'content-type': status === 200 ? 'text/event-stream' : 'application/json' });
    for (const step of steps) {
      if (res.destroyed || step === 'stall') return;
      if (typeof step === 'object' && 'wait' in step) await (typeof step.wait === 'number' ? wait(step.wait) : step.wait);
      else if (step !== 'cut') res.write(step);
    }
    res.end();
  });
  const fields = { name: 'brain', api_key: 'sk-test-canary', base_url: `${server.url}/v1`, openai_api_mode: 'chat_completions' };
  await addModel(world, person, await addProvider(world, person, fields), prices);
  return server;
}
