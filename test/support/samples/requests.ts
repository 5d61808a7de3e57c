import { confirmationOf, formOf, post } from '../../../client/conformance/samples/fixtures.ts';
import { requestParts as httpParts } from '../../../client/conformance/samples/requests.ts';
import type { SampleTables } from '../../../client/conformance/samples/sampleOf.ts';
import { sampleTranscriber } from '../agent/transcriber.ts';
import { sampleLink, sampleLinkStart, sampleLinkToken, sampleProviderSignIn, usableProvider } from '../identity/samples.ts';
import { grantAccess, sampleProtectedUrl } from '../mcp/authorizationServer.ts';
import { samplePromptUrl } from '../mcp/promptServer.ts';
import { passkeyRequests } from '../passkeys/samples.ts';
import { startMailServer } from '../resources/mail.ts';
import { appCode, enrol, setUp } from '../resources/secondFactor.ts';
import { bodies, resetSetup } from './bodies.ts';
import type { SampleContext } from './context.ts';
import { addresseeOf } from './people.ts';
import { notificationOf } from './resources.ts';

/** Removes the parts that an operation needs over HTTP alone. */
const nothing = async () => ({});

/** A form with a recording. Creates a default credential for a fake provider first. */
async function recordingOf(maker: SampleContext) {
  const body = { ...((await bodies.NewAsrCredential!(maker, {})) as object), base_url: await sampleTranscriber() };
  const { id } = await post(maker, '/v1/asr-credentials', body);
  await post(maker, `/v1/asr-credentials/${id}/set-default`);
  return formOf('a.wav', 'audio/wav', 'sound');
}

let mailPort: Promise<number> | undefined;

/** Configures outgoing mail to use a shared mail server that accepts everything. */
async function configureMail({ call, by }: SampleContext) {
  mailPort ??= startMailServer().then(({ port }) => port);
  const body = { from: 'hello@arkloop.test', smtp_host: '127.0.0.1', smtp_port: await mailPort, smtp_tls_mode: 'none' };
  const { status, text } = await call('PUT', '/v1/admin/email/config', { token: by.token, body });
  if (status !== 204) throw new Error(`PUT /v1/admin/email/config: ${status} ${text}`);
  return {};
}

/** Gives an MCP server an authorization server. */
async function protectServer({ app }: SampleContext, id: string) {
  await app.sql('update mcp_configs set url = $2 where id = $1', [id, await sampleProtectedUrl()]);
}

/** Gives an MCP server prompts. */
async function offerPrompts({ app }: SampleContext, { config_id: id }: Readonly<Record<string, string>>) {
  await app.sql('update mcp_configs set url = $2 where id = $1', [id, await samplePromptUrl()]);
  return {};
}

/** Schedules the erasure of an account. */
async function eraseSample(maker: SampleContext, { account_id: id }: Readonly<Record<string, string>>) {
  await post(maker, `/v1/accounts/${id}/erasure`, await confirmationOf(maker, id!));
  return {};
}

/** Other parts of a valid request, by operation. Those listed here need more than HTTP; in alphabetical order. */
export const requestParts: SampleTables<SampleContext>['requestParts'] = {
  ...httpParts,
  'accounts.delete': nothing,
  'adminErasures.user': async ({ app, by }) => {
    const { id } = await app.signUp();
    await app.call('DELETE', `/v1/admin/users/${id}`, { token: by.token });
    return { params: { user_id: id }, body: { current_password: by.password } };
  },
  'asr.transcribe': recordingOf,
  'bootstrap.init': async ({ app }) => resetSetup(app).then(nothing),
  'email.test': configureMail,
  'erasures.cancel': eraseSample,
  'erasures.current': eraseSample,
  'erasures.request': async (maker, { account_id: id }) => ({ body: await confirmationOf(maker, id!) }),
  'identities.complete': sampleLink,
  'identities.confirm': sampleLinkToken,
  'identities.delete': nothing,
  'identities.start': sampleLinkStart,
  'invitations.accept': (maker, { token }) => addresseeOf(maker, token!),
  'invitations.revoke': nothing,
  'mcpConfigs.authorize': (maker, { config_id: id }) => protectServer(maker, id!).then(nothing),
  'mcpConfigs.completeAuthorization': async (maker, { config_id: id }) => {
    await protectServer(maker, id!);
    const { authorization_url: address } = await post(maker, `/v1/mcp-configs/${id}/authorization`);
    const { code, state } = await grantAccess(address!);
    return { body: { code, state } };
  },
  'mcpConfigs.getPrompt': offerPrompts,
  'mcpConfigs.prompts': offerPrompts,
  // A code must be a day old to be reset.
  'me.resetInviteCode': async ({ app, by }) =>
    app.sql(`update invite_codes set created_at = created_at - interval '2 days' where user_id = $1`, [by.id]).then(nothing),
  'notifications.readAll': (maker) => notificationOf(maker).then(nothing),
  'providerSignIn.complete': (maker, { identity_provider_id: id }) => sampleProviderSignIn(maker, id!),
  'providerSignIn.start': (maker, { identity_provider_id: id }) => usableProvider(maker, id!).then(nothing),
  'passkeys.confirm': passkeyRequests.confirm,
  'passkeys.confirmationOptions': passkeyRequests.confirmationOptions,
  'passkeys.register': passkeyRequests.register,
  'passkeys.registrationOptions': passkeyRequests.registrationOptions,
  'passkeys.signIn': passkeyRequests.signIn,
  'secondFactor.confirm': async ({ app }) => {
    const person = await app.signUp();
    return { token: person.token, body: { code: await appCode(await setUp(app, person)) } };
  },
  'secondFactor.disable': async ({ app }) => {
    const person = await app.signUp();
    const { secret } = await enrol(app, person);
    return { token: person.token, body: { current_password: person.password, code: await appCode(secret) } };
  },
  'secondFactor.replaceRecoveryCodes': async ({ app }) => {
    const person = await app.signUp();
    const { secret } = await enrol(app, person);
    return { token: person.token, body: { code: await appCode(secret) } };
  },
  'users.removeSecondFactor': async ({ app }) => {
    const person = await app.signUp();
    await enrol(app, person);
    return { params: { user_id: person.id } };
  },
};

/** Responses of operations that cannot succeed without external services, in alphabetical order. */
export const failingResponses: Record<string, { status: number; reason: string }> = {
  'llmProviders.availableModels': { status: 502, reason: 'upstream_request_failed' },
};
