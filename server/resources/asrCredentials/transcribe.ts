import { maxTranscriptionMs } from '../../../contract/asr.ts';
import type { Form } from '../../http/body/multipart.ts';
import type { Scope } from '../../http/scope.ts';
import { type Redact, redactKey, vendorMessage } from '../../models/wire/failures.ts';
import { parseObject } from '../../models/wire/json.ts';
import { unseal } from '../../platform/crypto/seal.ts';
import { Failure, failWith } from '../../platform/failure.ts';
import { OutboundDenied } from '../../platform/outbound/outbound.ts';
import { encodeForm } from './encodeForm.ts';
import { sealContextOf } from './owner.ts';
import type { AsrCredentialRow } from './queries.ts';
import * as queries from './queries.ts';

const defaultBaseUrls: Record<AsrCredentialRow['provider'], string> = {
  openai: 'https://api.openai.com/v1',
  groq: 'https://api.groq.com/openai/v1',
};

const maxResponseBytes = 2 * 2 ** 20;

/**
 * Streams a recording to the provider and returns its text. Throws 409 `no_default_credential` or `api_key_missing`, 400, 413, 422, 502.
 */
export async function transcribe(scope: Scope, form: Form, left: AbortSignal): Promise<string> {
  const { url, key, model } = await findUpstream(scope);
  const outgoing = await encodeForm(form, { model, response_format: 'json' });
  const own = new AbortController();
  try {
    const response = await scope.app.outbound.fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, accept: 'application/json', 'content-type': outgoing.contentType },
      body: outgoing.chunks,
      duplex: 'half',
      signal: AbortSignal.any([left, own.signal, AbortSignal.timeout(maxTranscriptionMs)]),
    });
    if (response.status !== 200) throw await errorFromResponse(response, redactKey(key));
    return parseText(await readBody(response.body));
  } catch (error) {
    throw outgoing.failure() ?? toFailure(error);
  } finally {
    // Stops sending if the upstream responds before the end of the recording.
    own.abort();
  }
}

async function findUpstream({ app, db, accountId }: Scope) {
  const row = await db.row(queries.selectDefault, { accountId });
  if (!row) throw failWith('conflict', 'no_default_credential', 'There is no default credential for speech recognition.');
  const url = `${row.base_url ?? defaultBaseUrls[row.provider]}/audio/transcriptions`;
  try {
    return { url, model: row.model, key: unseal(app.keys.encryptionKeys, row.api_key_sealed, sealContextOf(row)).toString() };
  } catch {
    throw failWith('conflict', 'api_key_missing', 'The default credential has no key that can be used.');
  }
}

type Reason = 'upstream_auth_failed' | 'upstream_request_failed' | 'upstream_unreachable' | 'upstream_invalid_response';

/** `words`: the error message of the upstream, with the key redacted. */
const upstreamFailure = (reason: Reason, status: number | null, words?: string) =>
  new Failure('upstream', 'The provider did not transcribe the recording.', {
    reason,
    status_code: status,
    ...(words && { upstream_message: words }),
  });

/** Repeats the message of the error object of the upstream. Other bodies, such as the error page of a proxy, are not repeated. */
async function errorFromResponse({ status, body }: { status: number; body: AsyncIterable<Uint8Array> | null }, redact: Redact) {
  const source = await readBody(body).catch(() => '');
  return upstreamFailure(statusReason(status), status, vendorMessage(source, redact));
}

const statusReason = (status: number): Reason => (status === 401 || status === 403 ? 'upstream_auth_failed' : 'upstream_request_failed');

function toFailure(error: unknown) {
  if (error instanceof Failure) return error;
  if (error instanceof OutboundDenied) return failWith('invalid', 'base_url_denied', 'The base URL of the credential is not allowed.');
  return upstreamFailure('upstream_unreachable', null);
}

async function readBody(body: AsyncIterable<Uint8Array> | null): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > maxResponseBytes) throw upstreamFailure('upstream_invalid_response', 200);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function parseText(source: string): string {
  const text = parseObject(source)?.text;
  if (typeof text !== 'string') throw upstreamFailure('upstream_invalid_response', 200);
  return text;
}
