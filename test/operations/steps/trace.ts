import { setTimeout as sleep } from 'node:timers/promises';
import { callWithin } from '../../../client/conformance/call.ts';
import { until } from '../../faults/finalChecks.ts';
import { loadPassword } from '../../faults/load.ts';
import type { Item } from '../../support/telemetry/otlp.ts';
import type { Day } from '../dayContext.ts';

/** The spans from the request of the client to the call of the model, each the child of the one before it. */
const path: readonly [service: string, name: RegExp][] = [
  ['arkloop-gateway', /^POST/],
  ['arkloop-api', /^POST \/v1\/threads\/\{thread_id\}\/runs$/],
  ['arkloop-worker', /^process run\.execute$/],
  ['arkloop-worker', /^invoke_agent/],
  ['arkloop-worker', /^chat /],
];

/** An operator has the trace id of one response, and finds everything that the request has caused in the collector. */
export async function findTrace({ installation, load, collector, report, say, withoutFailure }: Day): Promise<void> {
  const call = callWithin(installation.url, 10_000);
  const { login } = load.anyUser()!;
  let traceId = '';
  await withoutFailure('a run', async () => {
    const { body: session } = await call('POST', '/v1/auth/login', { body: { login, password: loadPassword } });
    const token: string = session.access_token;
    const { body: thread } = await call('POST', '/v1/threads', { token, body: { title: 'traced' } });
    await call('POST', `/v1/threads/${thread.id}/messages`, { token, body: { content: 'traced' } });
    const run = await call('POST', `/v1/threads/${thread.id}/runs`, { token, body: {} });
    traceId = run.headers.get('x-trace-id') ?? '';
    const isOver = async () => (await call('GET', `/v1/runs/${run.body.run_id}`, { token })).body.status === 'completed';
    if (!(await until(isOver, 30_000))) report({ kind: 'trace', subject: traceId, detail: 'its run was not completed' });
  });
  let spans: Item[] = [];
  for (const end = Date.now() + 15_000; Date.now() < end; await sleep(2_000)) {
    spans = collector.spans().filter((span) => span.traceId === traceId);
    if (brokenAt(spans) === undefined) break;
  }
  const broken = brokenAt(spans);
  const names = spans.map(({ name, resource }) => `${resource['service.name']} ${name}`);
  say(`  trace ${traceId}: ${spans.length} spans`);
  if (broken !== undefined) report({ kind: 'trace', subject: traceId, detail: `no span ${broken} among ${names.join(', ')}` });
}

/** The first span of the path that is missing, or is not the child of the one before it. */
function brokenAt(spans: readonly Item[]): string | undefined {
  let parents: Item[] = [];
  for (const [at, [service, name]] of path.entries()) {
    const found = spans.filter((span) => name.test(span.name as string) && span.resource['service.name'] === service);
    const children = at === 0 ? found : found.filter(({ parentSpanId }) => parents.some(({ spanId }) => spanId === parentSpanId));
    if (children.length === 0) return `${service} ${name.source}`;
    parents = children;
  }
  return undefined;
}
