import cluster, { type Worker } from 'node:cluster';
import { fileURLToPath } from 'node:url';
import type { ProcessMetrics } from '../../metrics/processMetrics.ts';
import { type Config, OperatorError } from '../../platform/config/config.ts';
import type { Readiness, ReadinessChange } from '../../platform/readiness.ts';
import type { Log } from '../../platform/telemetry/log.ts';
import type { Api } from '../api.ts';
import type { Command, Report } from './messages.ts';
import { createRestartPolicy, stableMs } from './restarts.ts';
import { createSharedLimits } from './sharedLimits.ts';
import { configOfApiProcess } from './shares.ts';
import { closeUntakenConnections } from './untakenConnections.ts';

export type ApiProcessesDeps = {
  config: Config;
  role: 'api' | 'all';
  databaseUrl: string;
  log: Log;
  readiness: Readiness;
  /** Called when a process cannot be replaced. */
  fail(error: unknown): void;
};

/** The processes that serve the API, and the primary process that distributes connections to them. */
export type ApiProcesses = {
  /** Resolves when all processes listen. Throws the error of the first that does not. */
  start(): Promise<Api>;
  /** The metrics of the processes that answer in time. */
  metrics(): Promise<ProcessMetrics[]>;
};

/** How long processes may take to end, in milliseconds: more than an API drains, less than a teardown waits. */
const maxShutdownMs = 14_000;
/** How long a scrape waits for the metrics of a process, in milliseconds. */
const maxMetricsMs = 2_000;

type ApiProcess = {
  number: number;
  worker: Worker;
  /** Undefined until the process listens. */
  listensSince: number | undefined;
  listening: PromiseWithResolvers<string>;
  /** Resolves with the reason. */
  ended: PromiseWithResolvers<Error>;
  failure: Error | undefined;
  send(command: Command): boolean;
};

/** The primary accepts connections and passes them on in turn, so the port stays open while processes are replaced. */
export function createApiProcesses({ config, role, databaseUrl, log, readiness, fail }: ApiProcessesDeps): ApiProcesses {
  const limits = createSharedLimits(config);
  const restarts = createRestartPolicy();
  const running = new Map<number, ApiProcess>();
  const pendingMetrics = new Map<number, (metrics: ProcessMetrics) => void>();
  const timers = new Set<NodeJS.Timeout>();
  let isServing = false;
  let isEnding = false;
  let lastMetricsId = 0;
  let readinessState: 'starting' | ReadinessChange = 'starting';

  cluster.schedulingPolicy = cluster.SCHED_RR;
  cluster.setupPrimary({ exec: fileURLToPath(new URL('./apiProcess.ts', import.meta.url)), args: [], serialization: 'advanced' });
  const tellAll = (command: Command) => {
    for (const each of running.values()) each.send(command);
  };
  readiness.onChange((state) => {
    readinessState = state;
    tellAll({ type: 'readiness', state });
  });

  function fork(number: number): ApiProcess {
    const worker = cluster.fork();
    const own: ApiProcess = {
      number,
      worker,
      listensSince: undefined,
      listening: Promise.withResolvers(),
      ended: Promise.withResolvers(),
      failure: undefined,
      send: (command) => {
        if (!worker.isConnected()) return false;
        worker.send(command, () => undefined);
        return true;
      },
    };
    running.set(number, own);
    closeUntakenConnections(worker);
    worker.on('error', (err) => log.debug({ err }, 'an API process could not be reached'));
    worker.on('message', (message: Report) => onReport(own, message));
    worker.once('exit', (code, signal) => onExit(own, code, signal));
    own.send({ type: 'start', start: { number, databaseUrl, config: configOfApiProcess(config, role, number) } });
    return own;
  }

  function onReport(own: ApiProcess, message: Report) {
    switch (message.type) {
      case 'listening':
        log.info({ api_process: own.number, pid: own.worker.process.pid }, 'an API process listens');
        own.listensSince = performance.now();
        setTimeout(() => {
          if (running.get(own.number) === own) restarts.served();
        }, stableMs).unref();
        if (readinessState !== 'starting') own.send({ type: 'readiness', state: readinessState });
        return own.listening.resolve(message.address);
      case 'failed':
        own.failure = errorOf(message.failure);
        return;
      case 'acquire':
        return limits.acquire(own, message);
      case 'release':
        return limits.release(own, message);
      case 'metrics':
        pendingMetrics.get(message.id)?.(message.metrics);
        return void pendingMetrics.delete(message.id);
    }
  }

  function onExit(own: ApiProcess, code: number | null, signal: string | null) {
    running.delete(own.number);
    limits.releaseAll(own);
    const reason = own.failure ?? new OperatorError(`an API process ended with ${signal ?? `status ${code}`}`);
    own.ended.resolve(reason);
    if (isEnding || !isServing) return;
    const now = performance.now();
    const delayMs = restarts.ended(now - (own.listensSince ?? now));
    if (delayMs === undefined) {
      fail(new OperatorError(`API processes end again and again at their start, the last one by: ${reason.message.split('\n')[0]}`));
      return;
    }
    log.error({ api_process: own.number, code, signal, reason: own.failure?.message }, 'an API process ended and is replaced');
    const timer = setTimeout(() => {
      timers.delete(timer);
      if (!isEnding) fork(own.number);
    }, delayMs);
    timers.add(timer);
  }

  async function shutDown() {
    isEnding = true;
    for (const timer of timers) clearTimeout(timer);
    const all = [...running.values()];
    tellAll({ type: 'shutDown' });
    const late = setTimeout(() => {
      for (const { worker } of all) worker.process.kill('SIGKILL');
    }, maxShutdownMs);
    await Promise.all(all.map(({ ended }) => ended.promise));
    clearTimeout(late);
  }

  return {
    async start() {
      const all = Array.from({ length: config.apiProcesses }, (_, at) => fork(at + 1));
      try {
        const failed = all.map(async ({ ended }) => {
          throw await ended.promise;
        });
        const [address] = await Promise.race([Promise.all(all.map(({ listening }) => listening.promise)), ...failed]);
        isServing = true;
        return { address: address!, endStreams: async () => tellAll({ type: 'endStreams' }), shutDown };
      } catch (error) {
        isEnding = true;
        for (const { worker } of all) worker.process.kill('SIGKILL');
        await Promise.all(all.map(({ ended }) => ended.promise));
        throw error;
      }
    },
    async metrics() {
      const asked = [...running.values()].map(async (own) => {
        const id = ++lastMetricsId;
        const { promise, resolve } = Promise.withResolvers<ProcessMetrics>();
        pendingMetrics.set(id, resolve);
        const timer = setTimeout(resolve, maxMetricsMs, []);
        if (!own.send({ type: 'metrics', id })) resolve([]);
        const metrics = await promise;
        clearTimeout(timer);
        pendingMetrics.delete(id);
        return metrics;
      });
      return await Promise.all(asked);
    },
  };
}

function errorOf({ isOperatorError, message, stack }: Extract<Report, { type: 'failed' }>['failure']): Error {
  if (isOperatorError) return new OperatorError(message);
  const error = new Error(message);
  if (stack !== undefined) error.stack = stack;
  return error;
}
