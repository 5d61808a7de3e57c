import pg from 'pg';
import type { Keyring } from '../../../server/platform/crypto/keyring.ts';
import { contentChecks } from './contentChecks.ts';
import { creditChecks } from './creditChecks.ts';
import type { Check, Finding } from './finding.ts';
import { auditIdempotencyKeys } from './idempotency.ts';
import type { Journal } from './journal.ts';
import { auditJournal } from './journalChecks.ts';
import { runChecks } from './runChecks.ts';

export type AuditOptions = {
  /** The keys of the servers, with which stored responses are read. Without them they are not compared. */
  encryptionKeys?: Keyring;
  /** What clients were told. Without it only the database is compared with itself. */
  journal?: Journal;
  /** The load has stopped, and all processes are healthy and have had time to finish. */
  isSettled: boolean;
};

export const checks: readonly Check[] = [...runChecks, ...creditChecks, ...contentChecks];

/** Reads the whole database and returns everything that contradicts the promises of the API. Changes nothing. */
export async function audit({ databaseUrl, ...options }: AuditOptions & { databaseUrl: string }): Promise<Finding[]> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'arkloop auditor' });
  await client.connect();
  try {
    await client.query('begin isolation level repeatable read read only; set local statement_timeout = 0');
    return await auditWith(client, options);
  } finally {
    await client.end();
  }
}

/** Like `audit`, in the transaction of a client. */
export async function auditWith(client: pg.Client, { encryptionKeys, journal, isSettled }: AuditOptions): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const check of checks) if (isSettled || !check.isSettled) findings.push(...(await runCheck(client, check)));
  if (encryptionKeys) findings.push(...(await auditIdempotencyKeys(client, encryptionKeys, journal)));
  if (journal) findings.push(...(await auditJournal(client, journal)));
  return findings;
}

async function runCheck(client: pg.Client, { kind, sql }: Check): Promise<Finding[]> {
  // The search indexes are compared with their tables, so the planner must use them.
  if (kind === 'search.index') await client.query('set local enable_seqscan = off');
  const { rows } = await client.query<{ subject: string; detail: string }>(sql);
  await client.query('set local enable_seqscan = on');
  return rows.map(({ subject, detail }) => ({ kind, subject, detail }));
}

/** One line for each kind of finding, with its number and the first subjects. */
export function summarize(findings: readonly Finding[], shown = 5): string[] {
  return Object.entries(Object.groupBy(findings, ({ kind }) => kind)).flatMap(([kind, list = []]) => [
    `${kind}: ${list.length}`,
    ...list.slice(0, shown).map(({ subject, detail }) => `  ${subject}: ${detail}`),
  ]);
}
