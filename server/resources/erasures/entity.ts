import { defineEntity, p } from '@mikro-orm/core';
import type { ErasureReport } from '../../../contract/erasures.ts';
import { timestamptz } from '../../database/columns.ts';
import { sealed } from '../../database/sealedColumns.ts';
import { type Signing, signingContext } from './signingContext.ts';

/** Outlives its account, whose row stays without content. */
export const Erasure = defineEntity({
  name: 'Erasure',
  tableName: 'erasures',
  properties: {
    accountId: p.uuid().primary(),
    id: p.uuid().primary(),
    userId: p.uuid().nullable(),
    state: p.enum(['scheduled', 'running', 'completed', 'cancelled'] as const).default('scheduled'),
    requestedBy: p.uuid(),
    serviceKeyId: p.uuid().nullable(),
    /** Whether a platform admin or a service key has requested it, so that the owner cannot cancel it. */
    byPlatform: p.boolean(),
    reference: p.text().nullable(),
    traceId: p.text(),
    dueAt: timestamptz(),
    waitingFor: p.enum(['runs', 'requests', 'file_store', 'retry'] as const).nullable(),
    /** Numbers of deleted and anonymized rows by table. */
    deleted: p.json<Record<string, number>>().defaultRaw("'{}'::jsonb"),
    anonymized: p.json<Record<string, number>>().defaultRaw("'{}'::jsonb"),
    filesDeleted: p.bigint('number').defaultRaw('0'),
    bytesDeleted: p.bigint('number').defaultRaw('0'),
    /** The workspaces whose rows are deleted, so that their folders can be searched again. */
    workspaceRefs: p.array<string>().columnType('text[]').defaultRaw("'{}'::text[]"),
    report: p.json<ErasureReport>().nullable(),
    proof: p.text().nullable(),
    createdAt: timestamptz().defaultRaw('now()'),
    movedAt: timestamptz().defaultRaw('now()'),
    cancelledAt: timestamptz().nullable(),
    startedAt: timestamptz().nullable(),
    finishedAt: timestamptz().nullable(),
  },
  checks: [
    { name: 'erasures_check', expression: "(state = 'completed') = (proof IS NOT NULL)" },
    { name: 'erasures_check1', expression: '(proof IS NULL) = (report IS NULL)' },
  ],
  indexes: [
    {
      name: 'erasures_open',
      expression:
        "create unique index erasures_open on erasures (account_id) where (state = any (array['scheduled'::text, 'running'::text]))",
    },
    {
      name: 'erasures_due',
      expression: "create index erasures_due on erasures (due_at) where (state = any (array['scheduled'::text, 'running'::text]))",
    },
    { name: 'erasures_newest', expression: 'create index erasures_newest on erasures (created_at desc, id desc)' },
    { name: 'erasures_requested', expression: 'create index erasures_requested on erasures (requested_by, created_at desc, id desc)' },
  ],
});

/** The Ed25519 keys that sign proofs. None is ever deleted: one that is replaced loses its private key and still verifies. */
export const SigningKey = defineEntity({
  name: 'SigningKey',
  tableName: 'signing_keys',
  properties: {
    /** The thumbprint of the public key (RFC 7638). */
    id: p.text().primary(),
    /** The public key in base64url, as in a JWK. */
    publicKey: p.text(),
    /** The private key in base64url, as in a JWK. */
    privateKeySealed: sealed(['id'], (row: Signing) => signingContext(row.id)).nullable(),
    createdAt: timestamptz().defaultRaw('now()'),
    /** When it was replaced. It signs nothing after that. */
    retiredAt: timestamptz().nullable(),
  },
});
