import { writeFileSync } from 'node:fs';
import { type Call, callWithin } from './call.ts';
import { type Check, checkOperations } from './checkOperations.ts';
import { checkUses, consumersOf, usedOperations } from './consumers/checkConsumers.ts';
import { readManifests } from './consumers/manifestFiles.ts';
import type { CheckContext, Result } from './exchange.ts';
import type { Operation } from './operations.ts';
import { chooseOperations, type KitOptions, readOptions } from './options.ts';
import { describeResponse, isPlatformAdmin, KitError, logIn, type Person, register, tokenOf } from './people.ts';
import { findingsOf } from './report/fold.ts';
import { annotationsOf } from './report/github.ts';
import { junitOf } from './report/junit.ts';
import { brokenRules, coverageOf, findingLines, rowOf, summaryOf } from './report/text.ts';
import { type CleanedUp, openCleanup } from './run/cleanup.ts';
import { onInterrupt } from './run/interrupt.ts';
import { openPool } from './run/pool.ts';

const say = (line: string) => void process.stdout.write(`${line}\n`);

const callMs = 30_000;
const closeMs = 5_000;
const seconds = (since: number) => `${((performance.now() - since) / 1_000).toFixed(1)} s`;

/** What is checked. `consumers` names those whose manifests restrict it. */
type Plan = { chosen: readonly Operation[]; check?: Check; consumers?: string };

function planOf({ only, consumers }: KitOptions): Plan {
  const chosen = chooseOperations(only);
  if (consumers.length === 0) return { chosen };
  const manifests = readManifests(consumers);
  return { chosen: usedOperations(chosen, manifests), check: checkUses(manifests), consumers: consumersOf(manifests) };
}

async function main(options: KitOptions): Promise<number> {
  const started = performance.now();
  const plan = planOf(options);
  const plain = callWithin(options.url, callMs);
  await requireServer(plain, options.url);
  const { signal, release } = onInterrupt(() => say('\nInterrupted: deleting what was created. Press Ctrl-C again to leave it.'));
  const results: Result[] = [];
  const cleaned = await checkAndCleanUp(options, plan, plain, signal, results).finally(release);
  printFindings(options, results);
  printCleanUp(cleaned);
  const summary = summaryOf(results, plan.consumers);
  say(`${signal.aborted ? 'Interrupted: ' : ''}${summary}, ${seconds(started)}`);
  if (options.report) writeFileSync(options.report, `${JSON.stringify(coverageOf(options.url, summary, results), null, 2)}\n`);
  if (options.junit) writeFileSync(options.junit, junitOf(results));
  if (signal.aborted) return 130;
  return findingsOf(results).length > 0 ? 1 : 0;
}

/** Adds the results to `results`. Whatever happens, what was created is deleted. */
async function checkAndCleanUp(
  options: KitOptions,
  { chosen, check }: Plan,
  plain: Call,
  signal: AbortSignal,
  results: Result[],
): Promise<CleanedUp> {
  const cleanup = openCleanup(plain);
  const recorded = cleanup.record(signal);
  let admin: Person | undefined;
  let failed: unknown;
  try {
    const by = await signIn(recorded, options);
    admin = (await isPlatformAdmin(recorded, by)) ? by : undefined;
    cleanup.restore(await profileOf(recorded, by));
    const kit = await contextOf(options, recorded, by, admin, signal);
    for await (const result of checkOperations(kit, chosen, check)) {
      results.push(result);
      if (!options.quiet) say(rowOf(result));
    }
  } catch (error) {
    if (!signal.aborted) failed = error;
  }
  const cleaned = await cleanup.run(admin);
  if (failed === undefined) return cleaned;
  printCleanUp(cleaned);
  throw failed;
}

async function contextOf(
  options: KitOptions,
  call: Call,
  by: Person,
  admin: Person | undefined,
  signal: AbortSignal,
): Promise<CheckContext> {
  const { url, checksHeaders, heartbeatMs, runMs, message, idleMessage } = options;
  return {
    ...{ url, call, signal, checksHeaders, heartbeatMs, runMs, closeMs, message, idleMessage },
    maker: { call, by, admin, ...openPool(call) },
    key: await keyOf(call, by),
    traceIds: new Set(),
  };
}

function printFindings({ github }: KitOptions, results: readonly Result[]) {
  const lines = findingLines(results);
  if (lines.length === 0) return;
  say('');
  for (const line of lines) say(line);
  say('\nRules:');
  for (const line of brokenRules(results)) say(line);
  if (github) for (const line of annotationsOf(results)) say(line);
}

function printCleanUp({ removed, left }: CleanedUp) {
  if (removed === 0 && left.length === 0) return;
  say(`\nDeleted the ${removed} things that the check had created.${left.length > 0 ? ' Left behind:' : ''}`);
  for (const line of left) say(`  ${line}`);
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

/** The request that restores the caller's profile. */
async function profileOf(call: Call, { token }: Person) {
  const { timezone } = (await call('GET', '/v1/me', { token })).body;
  return { method: 'PATCH', path: '/v1/me', options: { token, body: { timezone } } };
}

/** Creates an API key, to check routes that do not accept keys; undefined if the server returns none. */
async function keyOf(call: Call, { token }: Person): Promise<string | undefined> {
  const { body } = await call('POST', '/v1/api-keys', { token, body: { name: 'conformance' } });
  return body?.key;
}

/** Runs the kit and returns its exit status. Never rejects. */
export async function runKit(args: string[], env: NodeJS.ProcessEnv): Promise<number> {
  try {
    const options = readOptions(args, env);
    if (!('print' in options)) return await main(options);
    process.stdout.write(options.print);
    return 0;
  } catch (error) {
    process.stderr.write(`${error instanceof KitError ? error.message : error instanceof Error ? error.stack : error}\n`);
    return 2;
  }
}
