import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import type { RunEvent } from '../../../contract/events.ts';
import { startVendor } from '../agent/vendor.ts';
import { processesOf } from '../cluster/processes.ts';
import { isTerminal, openStream } from '../http/events.ts';
import { fastWorkerEnv } from './process.ts';
import { callTo, type Person } from './testApp.ts';

/** The environment of an installation whose model is a scripted vendor. */
export async function scriptedInstance(more: Record<string, string>) {
  const vendor = await startVendor();
  onTestFinished(vendor.close);
  const base = { api_key: 'sk-test-canary', base_url: `${vendor.origin}/v1`, openai_api_mode: 'chat_completions' };
  const routing = {
    default_route_id: 'r',
    credentials: [{ provider_kind: 'openai', id: 'c', ...base }],
    routes: [{ id: 'r', credential_id: 'c', model: 'm' }],
  };
  return { vendor, env: { ...fastWorkerEnv, ARKLOOP_PROVIDER_ROUTING_JSON: JSON.stringify(routing), ...more } };
}

/** When the test ends, the data folder is deleted and processes that still use it are killed. */
export function temporaryDataDir() {
  const dataDir = mkdtempSync(join(tmpdir(), 'arkloop-instance-'));
  onTestFinished(() => {
    for (const pid of processesOf(dataDir)) process.kill(pid, 'SIGKILL');
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
  });
  return dataDir;
}

export async function registerUser(url: string): Promise<Person> {
  const person = { login: 'somebody', email: 'somebody@example.test', password: 'Passw0rd-1' };
  const { status, body, text } = await callTo(url)('POST', '/v1/auth/register', { body: person });
  if (status !== 201) throw new Error(`registration: ${status} ${text}`);
  return { ...person, id: body.user_id, token: body.access_token, cookie: '', accountId: body.account_id };
}

/** Follows a run to its terminal event. Reconnects with `Last-Event-ID`. Gives up after a minute and returns the events so far. */
export async function followWithReconnects(url: string, runId: string, token: string): Promise<RunEvent[]> {
  const seen: RunEvent[] = [];
  for (const until = Date.now() + 60_000; !seen.some(isTerminal) && Date.now() < until; await sleep(50)) {
    const stream = await openStream(url, runId, { token, lastEventId: seen.at(-1)?.seq ?? 0 }).catch(() => undefined);
    await stream?.ended.catch(() => undefined);
    if (stream?.status === 200) seen.push(...stream.events);
  }
  return seen;
}
