import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { callWithin } from '../../client/conformance/call.ts';
import { isTerminal, openStream } from '../support/http/events.ts';
import { loadPassword } from './load.ts';
import { describe, type Fault } from './plan.ts';
import { probePrefix } from './upstream.ts';

type Member = { token: string; accountId: string };

/** Registers a user with an account of its own. */
export async function newMember(url: string, name: string): Promise<Member> {
  const call = callWithin(url, 10_000);
  const login = `${name}-${randomUUID().slice(0, 13)}`;
  const body = { login, email: `${login}@example.test`, password: loadPassword };
  const { status, body: registered, text } = await call('POST', '/v1/auth/register', { body });
  if (status !== 201) throw new Error(`the registration of ${login} was answered ${status} ${text}`);
  const token: string = registered.access_token;
  const me = await call('GET', '/v1/me', { token });
  return { token, accountId: me.body.account_id };
}

/** Holds a conversation. Resolves with why a new thread, a message and its run with all events did not come within `maxProbeMs`, if so. */
type Probe = () => Promise<string | undefined>;

const maxProbeMs = 2_000;
const everyMs = 500;

export async function createProbe(url: string, admin: { login: string; password: string }): Promise<Probe> {
  const { token, accountId } = await newMember(url, 'probe');
  const setUp = callWithin(url, 10_000);
  const chief = await setUp('POST', '/v1/auth/login', { body: admin });
  const credits = { account_id: accountId, amount: 1_000_000, note: 'probes' };
  await setUp('POST', '/v1/admin/credits/adjust', { token: chief.body.access_token, body: credits });
  const call = callWithin(url, maxProbeMs);

  async function send(path: string, body: object): Promise<{ id: string; run_id: string }> {
    const answer = await call('POST', path, { token, body });
    if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${answer.text}`);
    return answer.body;
  }
  async function converse(signal: AbortSignal) {
    const { id } = await send('/v1/threads', {});
    await send(`/v1/threads/${id}/messages`, { content: `${probePrefix} ${randomUUID()}` });
    const { run_id: runId } = await send(`/v1/threads/${id}/runs`, {});
    const stream = await openStream(url, runId, { token, signal });
    await stream.ended;
    const end = stream.events.find(isTerminal)?.type;
    if (end !== 'run.completed') throw new Error(`the run ended with ${end}`);
  }
  return async () => {
    const began = performance.now();
    const failure = await converse(AbortSignal.timeout(maxProbeMs)).then(() => undefined, String);
    const tookMs = performance.now() - began;
    return failure ?? (tookMs > maxProbeMs ? `it took ${tookMs.toFixed(0)} ms` : undefined);
  };
}

export type Recovery = {
  fault: string;
  kind: Fault['kind'];
  lastedSeconds: number;
  probes: number;
  /** Why probes failed. */
  failures: string[];
  /** How often `/readyz` was not 200. */
  notReady: number;
  /** The longest time in which no probe succeeded, from the beginning of the first that failed. */
  outageSeconds: number;
  /** From the end of the fault to the first probe of those that succeeded since then. 0 if none failed after it. */
  recoveredSeconds: number;
  isRecovered: boolean;
};

/** Begins when three probes in a row have succeeded. Probes from the beginning of the fault until three in a row have succeeded after its end. */
export async function measureRecovery(url: string, fault: Fault, inject: (fault: Fault) => Promise<void>, probe: Probe, maxMs: number) {
  for (let good = 0; good < 3; await sleep(everyMs)) good = (await probe()) === undefined ? good + 1 : 0;
  const call = callWithin(url, maxProbeMs);
  const began = performance.now();
  let ended = Number.POSITIVE_INFINITY;
  const injected = inject(fault).then(() => {
    ended = performance.now();
  });
  const failures: string[] = [];
  let [probes, good, notReady, outageMs] = [0, 0, 0, 0];
  let failingSince: number | undefined;
  let recovered = began;
  const isOver = () => performance.now() > ended && (good >= 3 || performance.now() > ended + maxMs);
  while (!isOver()) {
    const at = performance.now();
    const [failure, ready] = await Promise.all([probe(), call('GET', '/readyz').catch(() => undefined)]);
    probes++;
    if (ready?.status !== 200) notReady++;
    if (failure === undefined) {
      if (failingSince !== undefined) recovered = at;
      failingSince = undefined;
    } else {
      failures.push(`${((at - began) / 1_000).toFixed(1)} s: ${failure}`);
      failingSince ??= at;
      outageMs = Math.max(outageMs, performance.now() - failingSince);
    }
    // Only probes from after the end show that the fault is over.
    good = failure === undefined && at > ended ? good + 1 : 0;
    await sleep(Math.max(0, at + everyMs - performance.now()));
  }
  await injected;
  const recovery: Recovery = {
    fault: describe(fault),
    kind: fault.kind,
    lastedSeconds: (ended - began) / 1_000,
    probes,
    failures,
    notReady,
    outageSeconds: outageMs / 1_000,
    recoveredSeconds: Math.max(0, recovered - ended) / 1_000,
    isRecovered: failingSince === undefined,
  };
  return recovery;
}

/** The table of `fault → recovered`. */
export function tableOf(recoveries: readonly Recovery[]): string[] {
  const row = (...cells: (string | number)[]) =>
    cells.map((cell, at) => (at === 0 ? String(cell).padEnd(52) : String(cell).padStart(12))).join('');
  return [
    row('fault', 'lasted s', 'probes', 'failed', 'not ready', 'outage s', 'recovered s'),
    ...recoveries.map((one) =>
      row(
        one.fault,
        one.lastedSeconds.toFixed(1),
        one.probes,
        one.failures.length,
        one.notReady,
        one.outageSeconds.toFixed(1),
        one.isRecovered ? one.recoveredSeconds.toFixed(1) : 'never',
      ),
    ),
  ];
}
