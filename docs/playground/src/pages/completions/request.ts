import type { ChatCompletion, ChatUsage } from '../../../../../client/index.ts';
import { client, pageAccount } from '../../session.ts';

export type Tried = {
  text: string;
  /** The body of the response as it came. */
  raw: string;
  /** Milliseconds until the first text, of a stream. */
  firstMs?: number | undefined;
  /** Milliseconds until the end; undefined before. */
  totalMs?: number;
  usage?: ChatUsage | undefined;
};

/** What is read of a chunk of a stream. An error ends it. */
type Chunk = { choices?: { delta: { content?: string } }[]; usage?: ChatUsage | null; error?: { message: string } };

type Wanted = { model: string; message: string; stream: boolean };

/**
 * Sends a request as programs do, and calls `show` with what has come so far. It is sent with `fetch`, because the client has no streams in the
 * format of OpenAI. Rejects with the message of an error.
 */
export async function tryRequest({ model, message, stream }: Wanted, show: (tried: Tried) => void, signal: AbortSignal): Promise<void> {
  const began = performance.now();
  const since = () => Math.round(performance.now() - began);
  const body = {
    model,
    messages: [{ role: 'user', content: message }],
    ...(stream && { stream, stream_options: { include_usage: true } }),
  };
  const response = await send(JSON.stringify(body), signal);
  if (!stream) {
    const raw = await response.text();
    const { choices, usage } = JSON.parse(raw) as ChatCompletion;
    return show({ text: choices[0]?.message.content ?? '', raw: JSON.stringify(JSON.parse(raw), undefined, 2), totalMs: since(), usage });
  }
  let [text, raw] = ['', ''];
  let firstMs: number | undefined;
  let usage: ChatUsage | undefined;
  const soFar = (): Tried => ({ text, raw, firstMs, usage });
  for await (const data of eventsOf(response)) {
    raw += `data: ${data}\n\n`;
    const chunk = data === '[DONE]' ? {} : (JSON.parse(data) as Chunk);
    if (chunk.error) throw new Error(chunk.error.message);
    text += chunk.choices?.[0]?.delta.content ?? '';
    usage = chunk.usage ?? usage;
    if (text !== '') firstMs ??= since();
    show(soFar());
  }
  show({ ...soFar(), totalMs: since() });
}

async function send(body: string, signal: AbortSignal, isRepeated = false): Promise<Response> {
  const response = await fetch('/v1/chat/completions', {
    method: 'POST',
    headers: {
      authorization: `Bearer ${client.session.accessToken}`,
      'content-type': 'application/json',
      ...(pageAccount && { 'x-account-id': pageAccount }),
    },
    body,
    signal,
  });
  if (response.ok) return response;
  const problem = (await response.json().catch(() => ({}))) as { error?: { message?: string }; details?: { reason?: string } };
  if (problem.details?.reason === 'token_expired' && !isRepeated) {
    await client.auth.refresh();
    return send(body, signal, true);
  }
  throw new Error(problem.error?.message ?? `The server answered ${response.status}.`);
}

/** The data of server-sent events. */
async function* eventsOf(response: Response): AsyncGenerator<string> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
    const events = (rest + value).split('\n\n');
    rest = events.pop()!;
    for (const event of events) {
      const lines = event.split('\n').flatMap((line) => (line.startsWith('data:') ? line.slice(5).trimStart() : []));
      if (lines.length > 0) yield lines.join('\n');
    }
  }
}
