import { newToken, sha256 } from '../../server/kernel/ids.ts';
import { addModel } from '../setup/model.ts';
import { asks } from '../setup/tools.ts';
import { chat, type Scripted } from '../setup/vendor.ts';
import { type Person, startWorld } from '../setup/world.ts';
import { describeConsumer } from './suite.ts';
import type { Planned } from './target.ts';

const world = await startWorld();

const question = (message: string) => ({ message, fields: [{ key: 'answer', type: 'string', required: true }] });

function answersOf(step: Planned): Scripted[] {
  if ('fail' in step) return [chat.failure(400, { message: 'No.', type: 'invalid_request_error' })];
  if ('waitAfter' in step) return [{ steps: [chat.text(step.waitAfter), 'stall'] }];
  return [...(step.ask ? [asks(['ask_user', question(step.ask)])] : []), chat.answer(step.say)];
}

const vendors = new Map<string | undefined, Awaited<ReturnType<typeof addModel>>>();
const target = {
  baseUrl: world.url,
  async plan({ session: { accessToken: token } }: { session: { accessToken: string | undefined } }, ...steps: Planned[]) {
    const vendor = vendors.get(token) ?? (await addModel(world, { token } as Person));
    vendors.set(token, vendor);
    vendor.answers(...steps.flatMap(answersOf));
  },
  // The mail has left by now: the token of the test takes the place of the mailed one.
  async verificationToken(email: string) {
    const token = newToken();
    await world.sql('update email_verifications v set token_hash = $2 from users u where u.id = v.user_id and lower(u.email) = lower($1)', [
      email,
      sha256(token),
    ]);
    return token;
  },
};

describeConsumer('the server', target);
