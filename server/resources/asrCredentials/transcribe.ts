import { type Redact, redactKey, vendorMessage } from '../../agent/providers/failures.ts';
import { parseObject } from '../../agent/providers/json.ts';
import type { Form } from '../../http/multipart.ts';
import { Failure, refuse } from '../../kernel/failure.ts';
import { OutboundDenied } from '../../kernel/outbound.ts';
import type { Scope } from '../../kernel/scope.ts';
import { unseal } from '../../kernel/seal.ts';
import type { AsrRow } from './queries.ts';
import * as queries from './queries.ts';
import { encodeForm } from './recording.ts';
import { sealedFor } from './service.ts';

const bases: Record<AsrRow['provider'], string> = { openai: 'https://api.openai.com/v1', groq: 'https://api.groq.com/openai/v1' };

const patienceMs = 120_000;
const mostBytes = 2 * 2 ** 20;

/** The text of a recording, which is passed on to the upstream as it comes. Throws 409 `no_default_credential`, 400, 413, 422, 502. */
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
      signal: AbortSignal.any([left, own.signal, AbortSignal.timeout(patienceMs)]),
    });
    if (response.status !== 200) throw await refusalBy(response, redactKey(key));
    return textIn(await readBody(response.body));
  } catch (error) {
    throw outgoing.refusal() ?? refusalOf(error);
  } finally {
    // An upstream that answers early is not sent the rest.
    own.abort();
  }
}

/** Where to, with which key and for which model. The account's own default comes before the platform's. */
async function findUpstream({ app, read, accountId }: Scope) {
  const row = await read.row(queries.selectDefault, [accountId]);
  if (!row) throw refuse('conflict', 'no_default_credential', 'There is no default credential for speech recognition.');
  const url = `${row.base_url ?? bases[row.provider]}/audio/transcriptions`;
  try {
    return { url, model: row.model, key: unseal(app.keys.encryptionKey, row.api_key_sealed, sealedFor(row)).toString() };
  } catch {
    throw refuse('conflict', 'api_key_missing', 'The default credential has no key that can be used.');
  }
}

type Reason = 'upstream_auth_failed' | 'upstream_request_failed' | 'upstream_unreachable' | 'upstream_invalid_response';

/** `words` is the message of the upstream, without the key. */
const failed = (reason: Reason, status: number | null, words?: string) =>
  new Failure('upstream', 'The provider did not transcribe the recording.', {
    reason,
    status_code: status,
    ...(words && { upstream_message: words }),
  });

/** A refusal of the upstream, with the message of its error object. Other bodies, such as pages of a proxy, are not repeated. */
async function refusalBy({ status, body }: { status: number; body: AsyncIterable<Uint8Array> | null }, redact: Redact) {
  const source = await readBody(body).catch(() => '');
  return failed(statusReason(status), status, vendorMessage(source, redact));
}

const statusReason = (status: number): Reason => (status === 401 || status === 403 ? 'upstream_auth_failed' : 'upstream_request_failed');

function refusalOf(error: unknown) {
  if (error instanceof Failure) return error;
  if (error instanceof OutboundDenied) return refuse('invalid', 'base_url_denied', 'The base URL of the credential is not allowed.');
  return failed('upstream_unreachable', null);
}

async function readBody(body: AsyncIterable<Uint8Array> | null): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > mostBytes) throw failed('upstream_invalid_response', 200);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function textIn(source: string): string {
  const text = parseObject(source)?.text;
  if (typeof text !== 'string') throw failed('upstream_invalid_response', 200);
  return text;
}
