import { z } from 'zod';
import { baseUrlMeta, changes, Id, Ok, Time, trimmedText } from './shared/fields.ts';
import { initContract, type Resource } from './shared/route.ts';

const scope = z
  .enum(['account', 'platform'])
  .meta({ id: 'AsrScope', description: 'Owner of a credential.' })
  .meta({ description: 'Whether it belongs to the account or to the platform.' });
const provider = z
  .enum(['groq', 'openai'])
  .meta({ id: 'AsrVendor', description: 'A speech recognition provider.' })
  .meta({ description: 'API of the speech recognition provider.' });

export const AsrCredential = z
  .object({
    id: Id.meta({ description: 'ID of the credential.' }),
    account_id: Id.nullable().meta({ description: 'Null for platform credentials.' }),
    scope,
    provider,
    name: z.string().meta({ description: 'Unique name.' }),
    key_prefix: z
      .string()
      .nullable()
      .meta({ description: 'First 8 characters of the API key; null if you may not manage the credential.' }),
    base_url: z
      .string()
      .nullable()
      .meta({ description: 'Base URL; null means the default of the provider, or that you may not manage the credential.' }),
    model: z.string().meta({ description: 'Model for transcribing, such as `whisper-large-v3`.' }),
    is_default: z.boolean().meta({ description: 'Whether transcriptions use it. At most one per account, and one of the platform.' }),
    created_at: Time.meta({ description: 'When the credential was created.' }),
  })
  .meta({ id: 'AsrCredential', description: 'A credential for a speech recognition provider.' });
export type AsrCredential = z.infer<typeof AsrCredential>;

const apiKey = z.string().trim().min(1).max(4096).meta({ description: 'API key of the provider; stored encrypted and never returned.' });
const baseUrl = z
  .string()
  .trim()
  .max(2048)
  .meta(baseUrlMeta)
  .nullish()
  .meta({ description: 'Absolute http(s) URL without user info, query or fragment.' });

export const NewAsrCredential = z
  .strictObject({
    name: trimmedText(100).meta({ description: 'Unique name, 1 to 100 characters.' }),
    provider,
    api_key: apiKey,
    model: trimmedText(200).meta({ description: 'Model for transcribing, such as `whisper-large-v3`.' }),
    base_url: baseUrl,
    is_default: z.boolean().default(false).meta({ description: 'Whether transcriptions use it, instead of the current default.' }),
    scope: scope.default('account'),
  })
  .meta({ id: 'NewAsrCredential', description: 'A credential to create.' });
export type NewAsrCredential = z.infer<typeof NewAsrCredential>;

export const AsrCredentialChanges = changes({
  name: trimmedText(100).optional().meta({ description: 'Unique name, 1 to 100 characters.' }),
  api_key: apiKey.optional(),
  base_url: baseUrl,
  model: trimmedText(200).optional().meta({ description: 'Model for transcribing, such as `whisper-large-v3`.' }),
  is_default: z.boolean().optional().meta({ description: 'True makes it the default; false leaves no default.' }),
}).meta({ id: 'AsrCredentialChanges', description: 'The fields of the credential to change. At least one is required.' });
export type AsrCredentialChanges = z.infer<typeof AsrCredentialChanges>;

export const maxRecordingBytes = 25 * 2 ** 20;

export const Recording = z
  .strictObject({
    file: z.file().meta({ description: 'An audio file up to 25 MiB, in a format that the provider supports.' }),
    language: z
      .string()
      .max(16)
      .regex(/^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$/, 'must be a language such as `en` or `pt-BR`')
      .optional()
      .meta({ description: 'Language of the speech, such as `en` or `pt-BR`. If omitted, the provider detects it.' }),
  })
  .meta({ id: 'Recording', description: 'A form with a recording.' });

export const Transcript = z
  .object({ text: z.string().meta({ description: 'What was said, as the provider returned it.' }) })
  .meta({ id: 'Transcript', description: 'The text of a recording.' });
export type Transcript = z.infer<typeof Transcript>;

const permission = { account: 'data.secrets.manage', platform: 'platform.admin' } as const;
/** The credential in the path determines the scope: platform admins manage the platform's credentials. */
const managing = { auth: 'user', permission: permission.account, exempt: permission.platform } as const;

export const asrCredentials = initContract().router({
  create: {
    method: 'POST',
    path: '/v1/asr-credentials',
    summary: 'Create a credential',
    description: 'Stores the API key encrypted. Make one credential the default so that members can transcribe recordings.',
    body: NewAsrCredential,
    responses: { 201: AsrCredential },
    metadata: { auth: 'user', permission, quota: 'asr_credentials', audit: ['asr_credential.create', 'asr_credential'] },
  },
  list: {
    method: 'GET',
    path: '/v1/asr-credentials',
    summary: 'List the credentials of the account, then those of the platform',
    description: 'Keys and base URLs of credentials that you may not manage are null.',
    responses: { 200: z.array(AsrCredential) },
    metadata: { auth: 'user' },
  },
  update: {
    method: 'PUT',
    path: '/v1/asr-credentials/{credential_id}',
    summary: 'Update a credential',
    description: 'Omitted fields keep their values; another `base_url` needs the `api_key` again.',
    body: AsrCredentialChanges,
    responses: { 200: AsrCredential },
    metadata: { ...managing, audit: ['asr_credential.update', 'asr_credential'], extraErrors: [409] },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/asr-credentials/{credential_id}',
    summary: 'Delete a credential and its API key',
    description: "If it was the default, no other credential becomes the default: transcriptions use the platform's, or fail with 409.",
    body: null,
    responses: { 204: null },
    metadata: { ...managing, audit: ['asr_credential.delete', 'asr_credential'] },
  },
  setDefault: {
    method: 'POST',
    path: '/v1/asr-credentials/{credential_id}/set-default',
    summary: 'Set the default credential',
    description: 'Transcriptions of the account use it from now on, instead of the previous default.',
    body: null,
    responses: { 200: Ok },
    metadata: { ...managing, audit: ['asr_credential.set_default', 'asr_credential'] },
  },
} as const satisfies Resource);

/** The longest time that the provider may take for a transcript, in milliseconds. */
export const maxTranscriptionMs = 120_000;

export const asr = initContract().router({
  transcribe: {
    method: 'POST',
    path: '/v1/asr/transcribe',
    summary: 'Transcribe a recording',
    description:
      'Uses the default credential of the account, or else of the platform. The recording is streamed to the provider and not stored. Use it for voice input, then send the text as a message.',
    contentType: 'multipart/form-data',
    maxBody: maxRecordingBytes + 2 ** 18,
    body: Recording,
    responses: { 200: Transcript },
    metadata: { auth: 'user', audit: 'none', answerMs: maxTranscriptionMs, extraErrors: [409, 502] },
  },
} as const satisfies Resource);
