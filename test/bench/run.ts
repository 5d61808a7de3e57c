import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { type Figure, passes, regressions, type SavedRun, tableOf } from './figures.ts';
import type { BenchOptions } from './load.ts';
import { newSecret, type Shared, startPostgres, stopAll } from './processes.ts';
import { measureBroadcasts } from './scenarios/broadcasts.ts';
import { measureCredits } from './scenarios/credits.ts';
import { measureDeltas } from './scenarios/deltas.ts';
import { measureFanOut } from './scenarios/fanOut.ts';
import { measureGateway } from './scenarios/gateway.ts';
import { measureLogins } from './scenarios/logins.ts';
import { measureLoop } from './scenarios/loop.ts';
import { measureRuns } from './scenarios/runs.ts';
import { measureStarts } from './scenarios/starts.ts';
import { measureStreams } from './scenarios/streams.ts';
import { measureThreads } from './scenarios/threads.ts';
import { measureWebhooks } from './scenarios/webhooks.ts';
import { measureTarget, targetScenarios } from './target.ts';

const scenarios: Record<string, (shared: Shared, effort: BenchOptions) => Promise<Figure[]>> = {
  threads: measureThreads,
  runs: measureRuns,
  loop: measureLoop,
  deltas: measureDeltas,
  webhooks: measureWebhooks,
  credits: measureCredits,
  streams: measureStreams,
  fanOut: measureFanOut,
  starts: measureStarts,
  logins: measureLogins,
  gateway: measureGateway,
  broadcasts: measureBroadcasts,
};

/** Many short rounds, so that other load on the machine affects both sides equally. */
const thorough: BenchOptions = { seconds: 4, rounds: 7, samples: 300 };
const quick: BenchOptions = { seconds: 3, rounds: 1, samples: 60 };

const { values, positionals } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    /** Writes the figures to this file. */
    json: { type: 'string' },
    /** Measures a running server instead of starting one. */
    target: { type: 'string' },
    /** Compares the ratios with those of a file that `--json` wrote. */
    against: { type: 'string' },
  },
  allowPositionals: true,
});
const known = Object.keys(values.target === undefined ? scenarios : targetScenarios);
const names = positionals.length > 0 ? positionals : known;
const unknown = names.filter((name) => !known.includes(name));

if (unknown.length > 0) {
  process.stderr.write(`unknown: ${unknown.join(', ')}; there are ${known.join(', ')}\n`);
  process.exitCode = 1;
} else {
  const saved = values.against === undefined ? undefined : readRun(values.against);
  const effort = values.quick ? quick : thorough;
  const figures = values.target === undefined ? await measure(names, effort) : await measureTarget(values.target, names, effort);
  process.stdout.write(`\n${tableOf(figures)}\n`);
  if (values.json !== undefined) writeRun(values.json, figures);
  const worse = saved ? regressions(figures, saved.figures) : [];
  for (const line of worse) process.stderr.write(`more than 20 % below ${values.against}: ${line}\n`);
  process.exitCode = worse.length === 0 && (saved || figures.every(passes)) ? 0 : 1;
}

function readRun(file: string): SavedRun {
  return JSON.parse(readFileSync(file, 'utf8'));
}

function writeRun(file: string, figures: Figure[]) {
  const run: SavedRun = { date: new Date().toISOString(), node: process.version, cores: availableParallelism(), figures };
  writeFileSync(file, `${JSON.stringify(run, null, 2)}\n`);
}

async function measure(wanted: readonly string[], effort: BenchOptions): Promise<Figure[]> {
  const postgres = await startPostgres();
  const shared = { databaseUrl: postgres.databaseUrl, postgresPid: postgres.postgresPid, jwtSecret: newSecret() };
  const figures: Figure[] = [];
  try {
    for (const [at, name] of wanted.entries()) {
      process.stderr.write(`measuring ${name} (${at + 1} of ${wanted.length}) …\n`);
      figures.push(...(await scenarios[name]!(shared, effort)));
    }
  } finally {
    await stopAll();
    await postgres.stop();
  }
  return figures;
}
