import { onTestFinished } from 'vitest';
import { addModel, addProvider } from '../agent/providers.ts';
import { startVendor } from '../agent/vendor.ts';
import type { Person, TestApp } from '../app/testApp.ts';
import { checkedBalance } from '../credits/credits.ts';

/** 11 tokens in and 7 out cost 18 credits: the free tier of small runs does not apply. */
export const prices = { cost_per_1k_input: 1, cost_per_1k_output: 1, cost_per_1k_cache_read: 1 };
export const hello = { model: 'gpt-test', messages: [{ role: 'user', content: 'Hello' }] };

export const eventsOf = (text: string): any[] =>
  text
    .split('\n\n')
    .filter((each) => each.startsWith('data: '))
    .map((each) => (each === 'data: [DONE]' ? '[DONE]' : JSON.parse(each.slice(6))));

/** Calls of the chat completions of an application. */
export function chatCompletionsOf(app: TestApp) {
  const { call, sql, signUp, url } = app;

  /** A user with a model at a scripted vendor. */
  async function openModel(fields: object = {}, person?: Person) {
    const vendor = await startVendor();
    onTestFinished(() => vendor.close());
    const user = person ?? (await signUp());
    const provider = await addProvider(app, user, { base_url: `${vendor.origin}/v1`, openai_api_mode: 'chat_completions', ...fields });
    await addModel(app, user, provider, prices);
    const complete = (body: object, headers: Record<string, string> = {}) =>
      call('POST', '/v1/chat/completions', { token: user.token, body: { ...hello, ...body }, headers });
    return { vendor, user, provider, complete, balance: () => checkedBalance(app, user.accountId) };
  }

  const rowsOf = ({ accountId }: Person) =>
    sql(
      'select status, usage, reserved_credits, cost_usd, api_key_id, end_user, metadata, model from chat_completions where account_id = $1 order by created_at',
      [accountId],
    );

  /** Starts a stream and reads it until `until` is in its text. `leave` disconnects. */
  async function openStream(token: string, body: object) {
    const leaving = new AbortController();
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ ...hello, stream: true, ...body }),
      signal: leaving.signal,
    });
    const reader = response.body!.getReader();
    let text = '';
    return {
      response,
      leave: () => leaving.abort(),
      async readUntil(until: string) {
        while (!text.includes(until)) {
          const { done, value } = await reader.read();
          if (done) throw new Error(`the stream ended with ${text}`);
          text += Buffer.from(value).toString();
        }
        return text;
      },
    };
  }
  return { openModel, rowsOf, openStream };
}
