import { z } from 'zod';
import { Id, Time, trimmedText } from './shared/fields.ts';
import { pageQuery } from './shared/pagination.ts';
import { initContract, type Resource } from './shared/route.ts';

export const ErasureState = z
  .enum(['scheduled', 'running', 'completed', 'cancelled'])
  .meta({ id: 'ErasureState', description: 'State of an erasure. Only a `scheduled` one can be canceled.' });
export type ErasureState = z.infer<typeof ErasureState>;

export const ErasureWait = z.enum(['runs', 'requests', 'file_store', 'retry']).meta({
  id: 'ErasureWait',
  description:
    'What a running erasure waits for: runs and chat completions to end, requests that began before the account was closed, the object store, or the next attempt after an error.',
});

export const ErasureProgress = z
  .object({
    rows_deleted: z.int().min(0).meta({ description: 'Rows deleted so far.' }),
    rows_anonymized: z.int().min(0).meta({ description: 'Rows whose content was removed so far.' }),
    files_deleted: z.int().min(0).meta({ description: 'Objects of the object store deleted so far.' }),
    bytes_deleted: z.int().min(0).meta({ description: 'Size of these objects, as far as it was recorded.' }),
  })
  .meta({ id: 'ErasureProgress', description: 'What an erasure has done.' });

export const Erasure = z
  .object({
    id: Id.meta({ description: 'ID of the erasure.' }),
    account_id: Id.meta({ description: 'The account whose data is erased.' }),
    account_slug: z.string().meta({ description: 'Slug of the account. It stays reserved.' }),
    user_id: Id.nullable().meta({
      description: 'The deleted user whose data is erased with their personal account; null for an account alone.',
    }),
    state: ErasureState.meta({ description: 'Where it is.' }),
    requested_by_user_id: Id.meta({
      description: 'The user who requested it; for a service key, the platform admin who received its secret.',
    }),
    requested_by_service_key_id: Id.nullable().meta({ description: 'The service key that requested it; null if a person did.' }),
    reference: z.string().nullable().meta({ description: 'The case number given with the request; null if there is none.' }),
    due_at: Time.meta({ description: 'When the account is closed and the deletion begins.' }),
    waiting_for: ErasureWait.nullable().meta({ description: 'Why a running erasure does not proceed; null if it does.' }),
    progress: ErasureProgress.meta({ description: 'What was done so far.' }),
    created_at: Time.meta({ description: 'When it was requested.' }),
    cancelled_at: Time.nullable().meta({ description: 'When it was canceled; null unless it was.' }),
    started_at: Time.nullable().meta({ description: 'When it began; null if it has not.' }),
    finished_at: Time.nullable().meta({ description: 'When nothing was left; null if it is not completed.' }),
  })
  .meta({ id: 'Erasure', description: 'The deletion of the data of an account.' });
export type Erasure = z.infer<typeof Erasure>;

export const ErasedTable = z
  .object({
    table: z.string().meta({ description: 'Name of the table.' }),
    rule: z
      .enum(['deleted', 'anonymized', 'kept'])
      .meta({
        id: 'ErasureRule',
        description: 'What happens to the rows of an account: they are deleted, their content is removed, or they are kept.',
      })
      .meta({ description: 'What happens to the rows of an account in this table.' }),
    deleted: z.int().min(0).meta({ description: 'Rows deleted.' }),
    anonymized: z.int().min(0).meta({ description: 'Rows whose content was removed.' }),
    kept: z.int().min(0).nullable().meta({
      description: 'Rows of the account that the table has after the erasure. Null for `access_log`, whose rows are not counted.',
    }),
    remaining: z.int().min(0).meta({ description: 'Rows that should be gone or without content, but are not. Always 0 in a proof.' }),
    reason: z.string().nullable().meta({ description: 'Why rows are kept; null for a table whose rows are deleted.' }),
  })
  .meta({ id: 'ErasedTable', description: 'What an erasure did to a table.' });
export type ErasedTable = z.infer<typeof ErasedTable>;

export const ErasureReport = z
  .object({
    format: z.literal('arkloop-erasure/1').meta({ description: 'Version of this format.' }),
    issuer: z.string().meta({ description: 'Base URL of the platform.' }),
    erasure_id: Id.meta({ description: 'ID of the erasure.' }),
    account_id: Id.meta({ description: 'The account whose data was erased.' }),
    user_id: Id.nullable().meta({ description: 'The deleted user whose data was erased too; null for an account alone.' }),
    requested_by_user_id: Id.meta({ description: 'The user who requested it.' }),
    requested_by_service_key_id: Id.nullable().meta({ description: 'The service key that requested it; null if a person did.' }),
    reference: z.string().nullable().meta({ description: 'The case number given with the request.' }),
    requested_at: Time.meta({ description: 'When it was requested.' }),
    due_at: Time.meta({ description: 'When it was due.' }),
    closed_at: Time.meta({ description: 'When the account was closed.' }),
    started_at: Time.meta({ description: 'When it began.' }),
    verified_at: Time.meta({ description: 'When all tables and the object store were searched again, after the deletion.' }),
    finished_at: Time.meta({ description: 'When it was completed.' }),
    schema_version: z.string().meta({ description: 'Version of the database schema.' }),
    tables: z.array(ErasedTable).meta({ description: 'Every table with data of accounts, in the order of the erasure.' }),
    files: z
      .object({
        deleted: z.int().min(0).meta({ description: 'Objects deleted: attachments, workspace files and archived events of runs.' }),
        bytes: z.int().min(0).meta({ description: 'Their size, as far as it was recorded.' }),
        remaining: z.int().min(0).meta({ description: 'Objects found afterwards. Always 0 in a proof.' }),
      })
      .meta({ id: 'ErasedFiles', description: 'What an erasure did to the object store.' })
      .meta({ description: 'The object store.' }),
    not_covered: z.array(z.string()).meta({ description: 'Where copies can exist that an erasure does not reach, and until when.' }),
  })
  .meta({ id: 'ErasureReport', description: 'The payload of the proof.' });
export type ErasureReport = z.infer<typeof ErasureReport>;

export const ErasureDetails = Erasure.extend({
  report: ErasureReport.nullable().meta({ description: 'The payload of `proof`, to read; null until the erasure is completed.' }),
  proof: z.string().nullable().meta({
    description:
      'A JWS (RFC 7515) in compact form, signed with Ed25519. Its `kid` names a key of `GET /v1/erasure-keys`. Null until the erasure is completed.',
  }),
}).meta({ id: 'ErasureDetails', description: 'An erasure with its proof.' });
export type ErasureDetails = z.infer<typeof ErasureDetails>;

export const ErasureKey = z
  .object({
    kid: z.string().meta({ description: 'ID of the key: its thumbprint (RFC 7638).' }),
    kty: z.literal('OKP').meta({ description: 'Key type (RFC 8037).' }),
    crv: z.literal('Ed25519').meta({ description: 'Curve.' }),
    x: z.string().meta({ description: 'The public key in base64url.' }),
    alg: z.literal('EdDSA').meta({ description: 'Algorithm of signatures with it.' }),
    use: z.literal('sig').meta({ description: 'The key signs only.' }),
    created_at: Time.meta({ description: 'When it was made.' }),
    retired_at: Time.nullable().meta({
      description: 'When it was replaced; null for the key that signs.',
    }),
  })
  .meta({ id: 'ErasureKey', description: 'A public key (JWK, RFC 7517).' });
export type ErasureKey = z.infer<typeof ErasureKey>;

export const ErasureKeys = z
  .object({ keys: z.array(ErasureKey).meta({ description: 'Newest first.' }) })
  .meta({ id: 'ErasureKeys', description: 'The public keys of proofs (JWK Set, RFC 7517).' });
export type ErasureKeys = z.infer<typeof ErasureKeys>;

const current_password = z.string().nullish().meta({
  description:
    'Required, unless an emailed code, an identity provider or a passkey has opened the session, or a passkey has confirmed it, within the last ten minutes. Ignored for service keys.',
});
const slug = z.string().meta({ pattern: '^[a-z0-9-]+$', description: 'The slug of the account, as confirmation.' });
const reference = trimmedText(200).nullish().meta({ description: 'A case number. It is part of the proof, so give no personal data.' });

export const NewErasure = z
  .strictObject({ slug, current_password, reference })
  .meta({ id: 'NewErasure', description: 'The confirmation of the erasure of an account.' });
export type NewErasure = z.infer<typeof NewErasure>;

export const NewUserErasure = z
  .strictObject({ current_password, reference })
  .meta({ id: 'NewUserErasure', description: 'The confirmation of the erasure of a deleted user.' });
export type NewUserErasure = z.infer<typeof NewUserErasure>;

const manage = 'account.members.revoke';

/** The erasure of accounts by their owners, and its proofs. */
export const erasures = initContract().router({
  request: {
    method: 'POST',
    path: '/v1/accounts/{account_id}/erasure',
    summary: 'Erase a workspace',
    description:
      'Only its owner can. Until `due_at`, which the platform setting `erasure.grace_days` determines, nothing changes and the erasure can be canceled. Then the workspace is closed and its data is deleted. Members are told now.',
    body: NewErasure,
    responses: { 201: Erasure },
    metadata: { auth: 'user', permission: manage, audit: ['account.erasure_request', 'erasure'], rateLimit: 'login', extraErrors: [409] },
  },
  current: {
    method: 'GET',
    path: '/v1/accounts/{account_id}/erasure',
    summary: 'Retrieve the scheduled erasure of an account',
    description: 'All members can see it. 404 if none is scheduled.',
    responses: { 200: Erasure },
    metadata: { auth: 'user', read: 'data.threads.read' },
  },
  cancel: {
    method: 'DELETE',
    path: '/v1/accounts/{account_id}/erasure',
    summary: 'Cancel the erasure of a workspace',
    description: 'Only its owner can, before it begins. An erasure that a platform admin has requested stays.',
    body: null,
    responses: { 204: null },
    metadata: { auth: 'user', permission: manage, audit: ['account.erasure_cancel', 'erasure'], extraErrors: [409] },
  },
  mine: {
    method: 'GET',
    path: '/v1/me/erasures',
    summary: 'List the erasures that you have requested, newest first',
    description: 'They stay listed when the account is gone.',
    query: pageQuery(),
    responses: { 200: z.array(Erasure) },
    metadata: { auth: 'user', account: 'optional', pages: 'cursor' },
  },
  get: {
    method: 'GET',
    path: '/v1/me/erasures/{erasure_id}',
    summary: 'Retrieve an erasure that you have requested, with its proof',
    description: 'When it is completed, keep `proof`: anyone can verify it offline with a key of `GET /v1/erasure-keys`.',
    responses: { 200: ErasureDetails },
    metadata: { auth: 'user', account: 'optional' },
  },
  keys: {
    method: 'GET',
    path: '/v1/erasure-keys',
    summary: 'List the public keys of proofs',
    description: 'A JWK Set. Keys are never removed, so that old proofs can be verified.',
    responses: { 200: ErasureKeys },
    metadata: { auth: 'public' },
  },
} as const satisfies Resource);

const permission = 'platform.erasures.manage';

export const AdminErasuresQuery = pageQuery().extend({
  state: ErasureState.optional().meta({ description: 'Return only erasures in this state.' }),
});
export type AdminErasuresQuery = z.infer<typeof AdminErasuresQuery>;

/** Erasures for platform admins, and for service keys of compliance systems. */
export const adminErasures = initContract().router({
  account: {
    method: 'POST',
    path: '/v1/admin/accounts/{account_id}/erasure',
    summary: 'Erase any workspace, or a closed account',
    description:
      'Use this if the owner cannot, or for an account that is closed already. The personal account of a user is erased after the user is deleted. The grace period applies as for owners.',
    body: NewErasure,
    responses: { 201: Erasure },
    metadata: { auth: 'platform', permission, audit: ['account.erasure_request', 'erasure'], rateLimit: 'login', extraErrors: [409] },
  },
  user: {
    method: 'POST',
    path: '/v1/admin/users/{user_id}/erasure',
    summary: 'Erase a deleted user',
    description: 'Erases their personal account, and what is left of the user: name, sessions, devices and notifications.',
    body: NewUserErasure,
    responses: { 201: Erasure },
    metadata: { auth: 'platform', permission, audit: ['user.erasure_request', 'erasure'], rateLimit: 'login', extraErrors: [409] },
  },
  list: {
    method: 'GET',
    path: '/v1/admin/erasures',
    summary: 'List all erasures, newest first',
    description: 'Those of owners too. Filter by `state` to find what is due.',
    query: AdminErasuresQuery,
    responses: { 200: z.array(Erasure) },
    metadata: { auth: 'platform', permission, pages: 'cursor' },
  },
  get: {
    method: 'GET',
    path: '/v1/admin/erasures/{erasure_id}',
    summary: 'Retrieve any erasure, with its proof',
    description: 'The record and its proof outlive the account.',
    responses: { 200: ErasureDetails },
    metadata: { auth: 'platform', permission },
  },
  cancel: {
    method: 'DELETE',
    path: '/v1/admin/erasures/{erasure_id}',
    summary: 'Cancel any erasure',
    description: 'Before it begins. It stays listed as `cancelled`.',
    body: null,
    responses: { 204: null },
    metadata: { auth: 'platform', permission, audit: ['account.erasure_cancel', 'erasure'], extraErrors: [409] },
  },
} as const satisfies Resource);
