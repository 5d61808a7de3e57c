import { randomUUID } from 'node:crypto';
import { asAdmin, post } from '../../../client/conformance/samples/fixtures.ts';
import { bodies } from '../samples/bodies.ts';
import type { SampleContext } from '../samples/context.ts';
import { sharedProvider } from './forgedProvider.ts';

/** Gives an identity provider an issuer that can be reached. Returns the issuer. */
export async function usableProvider({ app }: SampleContext, id: string): Promise<string> {
  const issuer = `${(await sharedProvider()).issuer}/${randomUUID()}`;
  await app.sql('update identity_providers set issuer = $2 where id = $1', [id, issuer]);
  return issuer;
}

/** A person who starts to sign in with a provider: the body and the cookie of the completion. */
export async function beginSignIn({ app }: SampleContext, id: string, claims: Record<string, unknown> = {}) {
  const started = await app.call('POST', `/v1/auth/identity-providers/${id}/start`, { body: {} });
  if (started.status !== 200) throw new Error(started.text);
  const cookie = started.headers.get('set-cookie')!.split(';')[0]!;
  return { body: (await sharedProvider()).grant(started.body.authorization_url, claims), headers: { cookie } };
}

/** The sign-in of a new user with a linked identity. */
export async function sampleProviderSignIn(maker: SampleContext, id: string) {
  const issuer = await usableProvider(maker, id);
  const person = await maker.app.signUp();
  await maker.app.sql(`insert into user_identities (id, user_id, issuer, subject) values ($1, $2, $3, 'forged')`, [
    randomUUID(),
    person.id,
    issuer,
  ]);
  return beginSignIn(maker, id);
}

async function newProvider(maker: SampleContext): Promise<string> {
  const { id } = await post(asAdmin(maker), '/v1/admin/identity-providers', await bodies.NewIdentityProvider!(maker, {}));
  await usableProvider(maker, id);
  return id;
}

/** A new user who starts to link an identity. */
export async function sampleLinkStart(maker: SampleContext) {
  const { token, password } = await maker.app.signUp();
  return { token, body: { identity_provider_id: await newProvider(maker), current_password: password } };
}

/** A new user to whom the provider has given a code. */
export async function sampleLink(maker: SampleContext) {
  const { token, body } = await sampleLinkStart(maker);
  const started = await maker.app.call('POST', '/v1/me/identities/start', { token, body });
  return { token, body: (await sharedProvider()).grant(started.body.authorization_url) };
}

/** A new user who has signed in again, after a sign-in with an identity that has their address. */
export async function sampleLinkToken(maker: SampleContext) {
  const { app } = maker;
  const { email, login, password } = await app.signUp();
  const id = await newProvider(maker);
  const { body, headers } = await beginSignIn(maker, id, { email, email_verified: true });
  const refused = await app.call('POST', `/v1/auth/identity-providers/${id}/complete`, { body, headers });
  const { access_token: token } = (await app.call('POST', '/v1/auth/login', { body: { login, password } })).body;
  return { token, body: { link_token: refused.body.details.link_token } };
}
