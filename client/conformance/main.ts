import { writeFileSync } from 'node:fs';
import { type Call, callWithin } from './call.ts';
import { checkConsumers, consumerSummary } from './checkConsumers.ts';
import { checkOperations, type Result } from './checkOperations.ts';
import { readManifests } from './manifestFiles.ts';
import { operations } from './operations.ts';
import { type KitOptions, readOptions, usage } from './options.ts';
import { describeResponse, isPlatformAdmin, KitError, logIn, type Person, register, tokenOf } from './people.ts';
import { coverageOf, rowOf, summaryOf, violationLines } from './report.ts';
import type { SampleContext } from './samples/fixtures.ts';

const say = (line: string) => void process.stdout.write(`${line}\n`);

async function main(options: KitOptions): Promise<number> {
  const { url, areas, checksHeaders, report } = options;
  const unknown = areas.filter((area) => !operations.some(({ id }) => id.startsWith(`${area}.`)));
  if (unknown.length > 0) throw new KitError(`there is no area ${unknown.join(', ')}`);
  const manifests = manifestsIn(options.consumers);
  const call = callWithin(url, 30_000);
  await requireServer(call, url);
  const by = await signIn(call, options);
  const admin = (await isPlatformAdmin(call, by)) ? by : undefined;
  const maker: SampleContext = { call, by, admin, registerUser: () => register(call) };
  const results: Result[] = [];
  const context = { url, call, maker, key: await keyOf(call, by), checksHeaders };
  for await (const result of manifests ? checkConsumers(context, manifests) : checkOperations(context, areas)) {
    results.push(result);
    say(rowOf(result));
  }
  const wrong = violationLines(results);
  for (const line of wrong) say(`✗ ${line}`);
  say(manifests ? consumerSummary(results, manifests) : summaryOf(results));
  if (report) writeFileSync(report, `${JSON.stringify(coverageOf(url, results), null, 2)}\n`);
  return wrong.length > 0 ? 1 : 0;
}

/** Undefined if the whole contract is checked. Throws a KitError for files that are no manifests. */
function manifestsIn(folders: readonly string[]) {
  try {
    return folders.length > 0 ? readManifests(folders) : undefined;
  } catch (error) {
    throw new KitError((error as Error).message);
  }
}

/** Throws a KitError if the URL is unreachable or does not serve this API. */
async function requireServer(call: Call, url: string) {
  const answer = await call('GET', '/v1/auth/registration-mode').catch((error: Error) => {
    throw new KitError(`${url} does not answer: ${(error.cause as Error | undefined)?.message || error.message}`);
  });
  if (answer.status !== 200 || answer.body?.mode === undefined)
    throw new KitError(`${url} does not serve this API: GET /v1/auth/registration-mode was answered ${describeResponse(answer)}`);
}

function signIn(call: Call, { token, login, password }: KitOptions): Promise<Person> {
  if (token !== undefined) return tokenOf(call, token);
  return login === undefined ? register(call) : logIn(call, login, password ?? '');
}

/** Creates an API key, to check routes that do not accept keys; undefined if the server returns none. */
async function keyOf(call: Call, { token }: Person): Promise<string | undefined> {
  const { body } = await call('POST', '/v1/api-keys', { token, body: { name: 'conformance' } });
  return body?.key;
}

try {
  const options = readOptions(process.argv.slice(2), process.env);
  if (options.help) process.stdout.write(usage);
  else process.exitCode = await main(options);
} catch (error) {
  process.stderr.write(`${error instanceof KitError ? error.message : error instanceof Error ? error.stack : error}\n`);
  process.exitCode = 2;
}
