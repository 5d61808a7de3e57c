import { bodies as httpBodies, person } from '../../../client/conformance/samples/bodies.ts';
import { flowTokenOf, uniqueName } from '../../../client/conformance/samples/fixtures.ts';
import type { SampleTables } from '../../../client/conformance/samples/sampleOf.ts';
import type { TestApp } from '../app/testApp.ts';
import { createAuthenticator } from '../passkeys/authenticator.ts';
import { passkeyCalls } from '../passkeys/passkeyCalls.ts';
import { codeFor, verificationTokenFor } from '../resources/mail.ts';
import { appCode, enrol } from '../resources/secondFactor.ts';
import type { SampleContext } from './context.ts';
import { memberOf } from './people.ts';
import { failedRun } from './runs.ts';

/** Marks an address as proven: the first proof of an address would reset the user's access. */
const proven = ({ sql }: TestApp, email: string) => sql('update users set email_proven_at = now() where email = $1', [email]);

/** Resets the platform setup. */
export const resetSetup = ({ sql }: TestApp) => sql(`delete from platform_settings where key like 'bootstrap.%'`);

/** Minimal valid bodies by model. Those listed here need more than HTTP; in alphabetical order. */
export const bodies: SampleTables<SampleContext>['bodies'] = {
  ...httpBodies,
  ContinueRequest: async (maker, { thread_id: threadId }) => ({ run_id: await failedRun(maker, threadId!) }),
  EmailCode: async ({ app }) => {
    const { email } = await app.signUp();
    await app.call('POST', '/v1/auth/email/otp/send', { body: { email } });
    await proven(app, email);
    return { email, otp: await codeFor(app, email) };
  },
  EmailConfirmation: async ({ app }) => {
    const { email } = await app.signUp();
    await proven(app, email);
    return { token: await verificationTokenFor(app, email) };
  },
  FlowCode: async ({ app }) => {
    const { email } = await app.signUp();
    const flow_token = await flowTokenOf(app, email);
    await app.call('POST', '/v1/auth/resolve/otp/send', { body: { flow_token } });
    await proven(app, email);
    return { flow_token, otp: await codeFor(app, email) };
  },
  // The address answers at once: models.example.test would be looked up.
  NewLlmProvider: async (maker, params) => ({
    ...((await httpBodies.NewLlmProvider!(maker, params)) as object),
    base_url: `${maker.app.url}/upstream`,
  }),
  // For the maker's account, whose active subscription is cancelled first.
  NewSubscription: async (maker, params) => {
    const { sql } = maker.app;
    const { accountId } = maker.by;
    await sql(`update subscriptions set status = 'cancelled', cancelled_at = now() where account_id = $1 and status = 'active'`, [
      accountId,
    ]);
    return { ...((await httpBodies.NewSubscription!(maker, params)) as object), account_id: accountId };
  },
  NewPasskey: async ({ app, by }) => ({
    name: 'Laptop',
    credential: createAuthenticator().create(await passkeyCalls(app).creationOptions(by)),
  }),
  // A new member for each request, so that lists grow.
  NewTeamMember: async (maker) => ({ user_id: await memberOf(maker, maker.by.accountId), role: 'member' }),
  PlatformSetup: async ({ app }) => {
    await resetSetup(app);
    return { ...person(), token: (await app.call('POST', '/v1/bootstrap/init')).body.token };
  },
  // A readable code for the recorded examples.
  RedemptionRequest: async ({ app: { sql } }) => {
    const code = uniqueName().toUpperCase();
    await sql(`insert into redemption_codes (id, code, type, value) values (gen_random_uuid(), $1, 'credits', '5')`, [code]);
    return { code };
  },
  SecondFactorAnswer: async ({ app }) => {
    const person = await app.signUp();
    const { secret } = await enrol(app, person);
    const { login, password } = person;
    const { body } = await app.call('POST', '/v1/auth/login', { body: { login, password } });
    return { challenge_token: body.details.challenge_token, code: await appCode(secret) };
  },
};
