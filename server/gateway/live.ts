import { isWithin, parseNetwork } from '../kernel/addresses.ts';
import type { Changes } from '../kernel/changes.ts';
import type { Log } from '../kernel/log.ts';
import type { Database } from '../kernel/sql.ts';
import { type GatewaySettings, initialGatewaySettings, readGatewaySettings } from '../resources/settings/gateway.ts';
import type { Rate } from './buckets.ts';
import type { Proxies } from './clientIp.ts';
import { within } from './patience.ts';

/** What an administrator has decided about the gateway, in the form in which requests need it. */
export type Rules = Readonly<{ proxies: Proxies; rate: Rate; rejectFrom: number }>;

/** The rules in force; they change while requests are served. */
export type LiveRules = { current(): Rules; close(): void };

/** A change whose announcement was lost is seen after so long all the same (specification: 30 s). */
const lookMs = 10_000;
/** How long the start waits for the database. */
const startMs = 2_000;

type Source = { database: Database; changes: Changes; log: Log };

/** Follow the stored configuration; without a database the environment's holds. */
export async function followRules(env: NodeJS.ProcessEnv, cdnHeader: string, source: Source | undefined): Promise<LiveRules> {
  let rules = rulesOf(initialGatewaySettings(env), cdnHeader);
  if (!source) return { current: () => rules, close: () => undefined };
  const { database, changes, log } = source;
  const read = async () => {
    rules = rulesOf(await readGatewaySettings(database, database, env), cdnHeader);
  };
  // One after the other, so that no older answer replaces a newer one.
  let reading: Promise<void> = Promise.resolve();
  const look = () => {
    reading = reading.then(read).catch((err) => log.warn({ err }, 'the stored configuration of the gateway was not read'));
  };
  changes.on('settings', look);
  changes.onState((up) => up && look());
  const timer = setInterval(look, lookMs).unref();
  look();
  await within(reading, startMs);
  return { current: () => rules, close: () => clearInterval(timer) };
}

function rulesOf(settings: GatewaySettings, cdnHeader: string): Rules {
  const networks = settings.trusted_cidrs.map(parseNetwork);
  return {
    proxies: { mode: settings.ip_mode, trusts: (ip) => isWithin(ip, networks), cdnHeader },
    // A bucket that holds less than one token would let nobody in.
    rate: { capacity: Math.max(1, settings.rate_limit_capacity), perSecond: settings.rate_limit_per_minute / 60 },
    rejectFrom: settings.risk_reject_threshold,
  };
}
