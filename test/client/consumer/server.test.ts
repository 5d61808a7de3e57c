import { createClient } from '../../../client/index.ts';
import { newToken, sha256 } from '../../../server/platform/crypto/ids.ts';
import { callsTools } from '../../support/agent/tools.ts';
import { chat, type ScriptedResponse } from '../../support/agent/vendor.ts';
import { addVendorModel } from '../../support/agent/vendorModel.ts';
import { type Person, startTestApp } from '../../support/app/testApp.ts';
import { describeConsumer } from './suite.ts';
import type { PlannedRun } from './target.ts';

const app = await startTestApp({ ARKLOOP_WEBHOOK_RETRY_BASE_SECONDS: '0.02' });

const question = (message: string) => ({ message, fields: [{ key: 'answer', type: 'string', required: true }] });

function answersOf(step: PlannedRun): ScriptedResponse[] {
  if ('fail' in step) return [chat.failure(400, { message: 'No.', type: 'invalid_request_error' })];
  if ('waitAfter' in step) return [{ steps: [chat.text(step.waitAfter), 'stall'] }];
  return [...(step.ask ? [callsTools(['ask_user', question(step.ask)])] : []), answerOf(step)];
}

function answerOf({ say, inputTokens = 11, outputTokens = 7 }: Extract<PlannedRun, { say: string }>): ScriptedResponse {
  const usage = { prompt_tokens: inputTokens, completion_tokens: outputTokens, total_tokens: inputTokens + outputTokens };
  return { steps: [chat.text(say), chat.stop(), chat.usage(usage), chat.done] };
}

const vendors = new Map<string | undefined, Awaited<ReturnType<typeof addVendorModel>>>();
const target = {
  baseUrl: app.url,
  async plan({ session: { accessToken: token } }: { session: { accessToken: string | undefined } }, ...steps: PlannedRun[]) {
    const vendor = vendors.get(token) ?? (await addVendorModel(app, { token } as Person));
    vendors.set(token, vendor);
    vendor.respondWith(...steps.flatMap(answersOf));
  },
  // The mailed token is no longer available, so a token of the test replaces it.
  async verificationToken(email: string) {
    const token = newToken();
    await app.sql('update email_verifications v set token_hash = $2 from users u where u.id = v.user_id and lower(u.email) = lower($1)', [
      email,
      sha256(token),
    ]);
    return token;
  },
  async openAdmin() {
    return createClient({ baseUrl: app.url, accessToken: (await app.signUpAdmin()).token, retryDelayMs: 5 });
  },
};

describeConsumer('the server', target);
