import { defineEntity, p } from '@mikro-orm/core';
import type { ReasoningMode, RunError } from '../../../contract/events.ts';
import { type Json, timestamptz } from '../../database/columns.ts';
import { sealedIn } from '../../database/sealedColumns.ts';

/** Why a run failed, and whether it can be continued. */
export type StoredRunError = RunError & { resumable: boolean };

export const Run = defineEntity({
  name: 'Run',
  tableName: 'runs',
  properties: {
    accountId: p.uuid().primary(),
    id: p.uuid().primary().unique('runs_id_key'),
    threadId: p.uuid(),
    parentRunId: p.uuid().nullable(),
    /** Null for a root run, whose depth is 0. */
    rootRunId: p.uuid().nullable(),
    depth: p.integer().default(0),
    /** The tool call of the parent that created this run. */
    spawnCallId: p.text().nullable(),
    resumeFromRunId: p.uuid().nullable(),
    createdByUserId: p.uuid().nullable(),
    /** The API key that started the run, or the root run. */
    apiKeyId: p.uuid().nullable(),
    source: p.text(),
    status: p.enum(['running', 'waiting_for_input', 'cancelling', 'completed', 'failed', 'cancelled'] as const).default('running'),
    traceId: p.text(),
    routeId: p.text().nullable(),
    requestedPersonaId: p.text().nullable(),
    requestedModel: p.text().nullable(),
    reasoningMode: p.text().$type<ReasoningMode>().nullable(),
    tailMessageNumber: p.integer(),
    model: p.text().nullable(),
    personaId: p.text().nullable(),
    routeSnapshot: sealedIn(
      p.json<Json>().nullable(),
      ['target', 'key', 'sealed'],
      ['route_snapshot'],
      (row: { route_snapshot: { target: { key: { owner: string } } } }) => row.route_snapshot.target.key.owner,
    ),
    nextSeq: p.integer().default(1),
    attempt: p.integer().default(0),
    leaseToken: p.uuid().nullable(),
    leaseUntil: timestamptz().nullable(),
    firstStartedAt: timestamptz().nullable(),
    lastActivityAt: timestamptz().defaultRaw('now()'),
    totalInputTokens: p.bigint('number').nullable(),
    totalOutputTokens: p.bigint('number').nullable(),
    totalCostUsd: p.decimal('number').precision(18).scale(6).nullable(),
    cacheHitRate: p.double().$type<number>().nullable(),
    error: p.json<StoredRunError>().nullable(),
    createdAt: timestamptz().defaultRaw('now()'),
    completedAt: timestamptz().nullable(),
    failedAt: timestamptz().nullable(),
    cancelledAt: timestamptz().nullable(),
    personaSnapshot: p.json<Json>().nullable(),
    pendingInputs: p.integer().default(0),
    reservedCredits: p.bigint('number').defaultRaw('0'),
    promptTokens: p.integer().default(0),
    /** What the run has used so far, without its children. Stored with the events that follow. */
    spentCostMicros: p.bigint('number').defaultRaw('0'),
    spentOutputTokens: p.bigint('number').defaultRaw('0'),
    /** Of the events that its workers have stored. */
    eventBytes: p.bigint('number').defaultRaw('0'),
    /** Of `eventBytes`, what the quota of the account counts: 0 once the events are gone. Null until a worker has counted the ended run. */
    countedEventBytes: p.bigint('number').nullable(),
    /** How often the lease expired during an attempt since the last turn that ended. */
    lostLeases: p.integer().default(0),
    /** The error of the database that ended the attempt `failedAttempt`. */
    failure: p.text().nullable(),
    failedAttempt: p.integer().default(0),
    usageEstimated: p.boolean().default(false),
    continuesRunId: p.uuid().nullable(),
  },
  checks: [
    { name: 'runs_pending_inputs_check', expression: 'pending_inputs >= 0' },
    { name: 'runs_reserved_credits_check', expression: 'reserved_credits >= 0' },
  ],
  indexes: [
    {
      name: 'runs_active',
      expression:
        "create index runs_active on runs (account_id, created_at) where (status in ('running', 'waiting_for_input', 'cancelling'))",
    },
    { name: 'runs_counted', expression: 'create index runs_counted on runs (id) where (counted_event_bytes > 0)' },
    {
      name: 'runs_uncounted',
      expression:
        "create index runs_uncounted on runs (id) where ((counted_event_bytes is null) and (status in ('completed', 'failed', 'cancelled')))",
    },
    { name: 'runs_creator', expression: 'create index runs_creator on runs (created_by_user_id, created_at desc, id desc)' },
    { name: 'runs_newest', expression: 'create index runs_newest on runs (created_at desc, id desc) where (pending_inputs >= 0)' },
    {
      name: 'runs_unsuccessful',
      expression:
        "create index runs_unsuccessful on runs (status, created_at desc, id desc) where ((pending_inputs >= 0) and (status in ('failed', 'cancelled')))",
    },
    { name: 'runs_list', expression: 'create index runs_list on runs (account_id, created_at desc, id desc)' },
    {
      name: 'runs_one_active',
      expression:
        "create unique index runs_one_active on runs (thread_id) where ((parent_run_id is null) and (status in ('running', 'waiting_for_input', 'cancelling')))",
    },
    { name: 'runs_parent', expression: 'create index runs_parent on runs (parent_run_id) where (parent_run_id is not null)' },
    {
      name: 'runs_spawned',
      expression: 'create unique index runs_spawned on runs (parent_run_id, spawn_call_id) where (spawn_call_id is not null)',
    },
    { name: 'runs_thread', expression: 'create index runs_thread on runs (thread_id, created_at desc, id desc)' },
    { name: 'runs_tree', expression: 'create index runs_tree on runs (root_run_id) where (root_run_id is not null)' },
    {
      name: 'runs_unfinished',
      expression: "create index runs_unfinished on runs (lease_until) where (status in ('running', 'waiting_for_input', 'cancelling'))",
    },
  ],
});

export const RunEvent = defineEntity({
  name: 'RunEvent',
  tableName: 'run_events',
  properties: {
    runId: p.uuid().primary(),
    seq: p.integer().primary(),
    eventId: p.uuid(),
    type: p.text(),
    data: p.json<Record<string, unknown>>().columnType('json'),
    createdAt: timestamptz(),
  },
});

/** A part of the archived events of a run, in an object of its own. `size` and `sha256` are those of the uncompressed content. */
export type ArchivePart = { last_seq: number; size: number; sha256: string };

/**
 * The events of a run in the object store. Outlives its run until the objects are removed, so it has no foreign key. `writing`: the events are still
 * in `run_events`. `kept`: they are in the parts only. `removing`: the objects wait for removal. `removed`: the thread was deleted, and only the
 * counts are left.
 */
export const RunEventArchive = defineEntity({
  name: 'RunEventArchive',
  tableName: 'run_event_archives',
  properties: {
    runId: p.uuid().primary(),
    accountId: p.uuid(),
    state: p.enum(['writing', 'kept', 'removing', 'removed'] as const),
    /** Names the writer. */
    claimId: p.uuid(),
    claimedAt: timestamptz().defaultRaw('now()'),
    parts: p.json<ArchivePart[]>().nullable(),
    /** The size of all objects. */
    bytes: p.bigint('number').nullable(),
    eventCount: p.integer().nullable(),
    /** By type. */
    eventCounts: p.json<Record<string, number>>().nullable(),
    tailMessageId: p.uuid().nullable(),
    inputKeys: p.array<string>().columnType('text[]').nullable(),
  },
  indexes: [
    { name: 'run_event_archives_account', expression: 'create index run_event_archives_account on run_event_archives (account_id)' },
    {
      name: 'run_event_archives_removing',
      expression: "create index run_event_archives_removing on run_event_archives (claimed_at) where (state = 'removing')",
    },
  ],
});

/** The sum of the changes is the number of runs. Triggers append them, and a worker merges them. */
export const RunCountChange = defineEntity({
  name: 'RunCountChange',
  tableName: 'run_count_changes',
  properties: {
    id: p.uuid().primary().defaultRaw('new_id()'),
    change: p.bigint('number'),
    /** The day (UTC) on which the runs were created. Null for earlier days than the day of the last merge. */
    createdOn: p.date().nullable(),
  },
});

export const RunTurn = defineEntity({
  name: 'RunTurn',
  tableName: 'run_turns',
  properties: {
    accountId: p.uuid().primary(),
    runId: p.uuid().primary(),
    turnIndex: p.integer().primary(),
    opaque: p.json<Json>().columnType('json'),
  },
});
