import { parseArgs } from 'node:util';
import { type Figure, passes, tableOf } from './figures.ts';
import type { BenchOptions } from './load.ts';
import { newSecret, type SharedSettings, startPostgres, stopAll } from './processes.ts';
import { measureBroadcasts } from './scenarios/broadcasts.ts';
import { measureCredits } from './scenarios/credits.ts';
import { measureDeltas } from './scenarios/deltas.ts';
import { measureGateway } from './scenarios/gateway.ts';
import { measureLogins } from './scenarios/logins.ts';
import { measureLoop } from './scenarios/loop.ts';
import { measureRuns } from './scenarios/runs.ts';
import { measureStarts } from './scenarios/starts.ts';
import { measureStreams } from './scenarios/streams.ts';
import { measureThreads } from './scenarios/threads.ts';
import { measureWebhooks } from './scenarios/webhooks.ts';

const scenarios: Record<string, (shared: SharedSettings, effort: BenchOptions) => Promise<Figure[]>> = {
  threads: measureThreads,
  runs: measureRuns,
  loop: measureLoop,
  deltas: measureDeltas,
  webhooks: measureWebhooks,
  credits: measureCredits,
  streams: measureStreams,
  starts: measureStarts,
  logins: measureLogins,
  gateway: measureGateway,
  broadcasts: measureBroadcasts,
};

/** Many short rounds, so that other load on the machine affects both sides equally. */
const thorough: BenchOptions = { seconds: 4, rounds: 7, samples: 300 };
const quick: BenchOptions = { seconds: 3, rounds: 1, samples: 60 };

const { values, positionals } = parseArgs({ options: { quick: { type: 'boolean', default: false } }, allowPositionals: true });
const names = positionals.length > 0 ? positionals : Object.keys(scenarios);
const unknown = names.filter((name) => !(name in scenarios));

if (unknown.length > 0) {
  process.stderr.write(`unknown: ${unknown.join(', ')}; there are ${Object.keys(scenarios).join(', ')}\n`);
  process.exitCode = 1;
} else {
  process.exitCode = (await measure(names, values.quick ? quick : thorough)) ? 0 : 1;
}

/** Runs the scenarios and prints the table. Returns whether every threshold was met. */
async function measure(wanted: readonly string[], effort: BenchOptions): Promise<boolean> {
  const postgres = await startPostgres();
  const shared = { databaseUrl: postgres.databaseUrl, jwtSecret: newSecret() };
  const figures: Figure[] = [];
  try {
    for (const name of wanted) {
      process.stderr.write(`measuring ${name} …\n`);
      figures.push(...(await scenarios[name]!(shared, effort)));
    }
  } finally {
    await stopAll();
    await postgres.stop();
  }
  process.stdout.write(`\n${tableOf(figures)}\n`);
  return figures.every(passes);
}
