import { randomInt } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { newSecret, startPostgres, startServer, stopAll } from '../bench/processes.ts';
import { run } from '../support/checks/thirdParty.ts';
import { admin, authenticationOf, type Caller, callers } from './callers.ts';
import { explanationOf, grouped, readReport } from './findings.ts';
import { fetchTool } from './tool.ts';

/** OpenAPI 3.2 describes stream events in the form that Schemathesis reads: `itemSchema` with `id`, `event`, and `data`. */
const document = fileURLToPath(new URL('../../docs/openapi-3.2.json', import.meta.url));
/** Folder of the reports of the last run. */
const reports = fileURLToPath(new URL('../../.cache/fuzz/', import.meta.url));

const { values, positionals } = parseArgs({
  options: {
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
    /** Maximum duration per caller. */
    seconds: { type: 'string', default: '600' },
    /** Requests per operation in the fuzzing phase. */
    examples: { type: 'string', default: '30' },
    phases: { type: 'string', default: 'examples,coverage,fuzzing,stateful' },
    /** A regular expression for operation ids. */
    only: { type: 'string' },
  },
  allowPositionals: true,
});
const say = (line: string) => void process.stdout.write(`${line}\n`);

/** Prevents fuzzed requests from reaching other machines, starting programs, or sending mail. */
const closed = {
  ARKLOOP_OUTBOUND_PROXY_URL: 'http://127.0.0.1:9',
  ARKLOOP_TURNSTILE_VERIFY_URL: 'http://127.0.0.1:9',
  ARKLOOP_MCP_STDIO_ALLOWLIST: '[]',
  ARKLOOP_SMTP_HOST: '127.0.0.1',
  ARKLOOP_SMTP_PORT: '9',
  ARKLOOP_EMAIL_FROM: 'fuzz@example.test',
};
const firstAdmin = { ARKLOOP_ADMIN_LOGIN: admin.login, ARKLOOP_ADMIN_EMAIL: admin.email, ARKLOOP_ADMIN_PASSWORD: admin.password };

/** Fuzzes a separate installation as one caller. Returns whether every finding is explained. */
async function fuzz(tool: string, caller: Caller): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'arkloop-fuzz-'));
  const postgres = await startPostgres();
  try {
    const shared = { databaseUrl: postgres.databaseUrl, jwtSecret: newSecret() };
    const { url } = await startServer('all', shared, { ...closed, ...firstAdmin, ARKLOOP_DATA_DIR: folder });
    const config = join(folder, 'schemathesis.toml');
    writeFileSync(config, await authenticationOf(caller, url));
    const report = join(folder, 'report.ndjson');
    const ended = await run(tool, argumentsOf(url, config, report), { cwd: folder, ms: (Number(values.seconds) + 300) * 1_000 });
    mkdirSync(reports, { recursive: true });
    writeFileSync(join(reports, `${caller}.txt`), ended.stdout + ended.stderr);
    if (ended.code !== 0 && ended.code !== 1) throw new Error(`Schemathesis ended with ${ended.code}: ${ended.stderr.slice(-2_000)}`);
    copyFileSync(report, join(reports, `${caller}.ndjson`));
    return reportFindings(caller, report);
  } finally {
    await stopAll();
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

const argumentsOf = (url: string, config: string, report: string) => [
  ...['--config-file', config, 'run', document, '--url', url, '--checks', 'all', '--phases', values.phases],
  ...['--seed', values.seed, '--max-examples', values.examples, '--max-time', values.seconds, '--continue-on-failure', '--no-shrink'],
  ...['--generation-database', 'none', '--suppress-health-check', 'all', '--request-timeout', '30', '--no-color'],
  // The introduction of the API document excludes U+0000 from every string.
  ...['--generation-allow-x00', 'false', '--report', 'ndjson', '--report-ndjson-path', report],
  ...(values.only ? ['--include-operation-id-regex', values.only] : []),
];

function reportFindings(caller: Caller, report: string): boolean {
  const { requests, findings, errors } = readReport(report);
  const unexplained = findings.filter((finding) => !explanationOf(finding));
  say(
    `${caller}: ${requests} requests, ${findings.length} findings, ${unexplained.length} of them unexplained, ${errors.length} errors of the tool`,
  );
  for (const line of [...grouped(unexplained), ...errors]) say(`  ${line}`);
  return unexplained.length === 0;
}

const unknown = positionals.filter((name) => !callers.some((caller) => caller === name));
if (unknown.length > 0) throw new Error(`unknown: ${unknown.join(', ')}; there are ${callers.join(', ')}`);
const chosen = callers.filter((caller) => positionals.length === 0 || positionals.includes(caller));
const tool = await fetchTool();
say(`seed ${values.seed}; reports in .cache/fuzz`);
const verdicts: boolean[] = [];
for (const caller of chosen) verdicts.push(await fuzz(tool, caller));
process.exitCode = verdicts.every(Boolean) ? 0 : 1;
