import type { identities as identityRoutes, LinkedIdentity, providerSignIn as signInRoutes } from '../../../contract/identities.ts';
import type { Engine, RouteHandlers } from '../context.ts';
import { apiError, invalidField, notFound } from '../http/errors.ts';
import { signIn } from '../resources/auth.ts';
import { addUser, findUser, proveAddress } from '../resources/people.ts';
import { resourceType } from '../resourceTypes.ts';
import type { Json, User } from '../state.ts';

const providers = resourceType('/v1/admin/identity-providers');
const linked = resourceType('/v1/me/identities');

/** Each provider knows one person. */
const person = { login: 'oidc-user', email: 'oidc-user@example.test' };
const mark = 'mock-';

/** Throws 404, or 403 for a disabled provider. */
function providerOf(engine: Engine, id: string): Json {
  const row = engine.state.rows(providers, ({ value }) => value.id === id)[0];
  if (!row) throw notFound();
  if (row.value.enabled === false) throw apiError('forbidden', 'identity_provider_disabled', 'This identity provider is disabled.');
  return row.value;
}

/** The provider that a state or a token names. */
function providerIn(engine: Engine, text: string, error: () => Error): Json {
  const row = engine.state.rows(providers, ({ value }) => text === `${mark}${value.id as string}`)[0];
  if (!row) throw error();
  return providerOf(engine, row.value.id as string);
}

const invalidState = () => apiError('invalid', 'invalid_state', 'This sign-in is not known. Begin again.');
const tokenInvalid = () => invalidField('/link_token', 'is not valid', 'link_token_invalid');

/** Every request is granted: the address to open is the callback address with a code. */
function redirect(engine: Engine, { id }: Json, request: Request) {
  const address = new URL(`/oauth/sign-in/${id as string}`, request.url);
  address.search = new URLSearchParams({ code: 'mock', state: `${mark}${id as string}` }).toString();
  return { authorization_url: address.href, expires_at: engine.time(600_000) };
}

const rowOf = (engine: Engine, { issuer }: Json) => engine.state.rows(linked, ({ value }) => value.issuer === issuer)[0];

const maxIdentities = 20;

/** Throws 409 if the identity belongs to somebody, or the user has too many. */
function link(engine: Engine, user: User, provider: Json): LinkedIdentity {
  if (rowOf(engine, provider)) throw apiError('conflict', 'identity_taken', 'This identity is already linked to a user.');
  if (engine.state.rows(linked, ({ owner }) => owner === user.id).length >= maxIdentities)
    throw apiError('conflict', 'identity_limit_reached', 'You have 20 linked identities. Unlink one first.');
  const { issuer, name } = provider as { issuer: string; name: string };
  const value = {
    ...{ id: engine.fakes.id(engine.now()), issuer, provider_name: name, usable: true, email: person.email },
    ...{ created_at: engine.time(), last_used_at: null },
  };
  engine.state.add(linked, { owner: user.id, parents: {}, value });
  return value;
}

function userOf(engine: Engine, provider: Json): User {
  const row = rowOf(engine, provider);
  if (row) {
    row.value.last_used_at = engine.time();
    return engine.state.users.get(row.owner)!;
  }
  if (findUser(engine, person.email)) {
    const details = { link_token: `${mark}${provider.id as string}`, expires_in: 600, masked_email: 'o***r@example.test' };
    throw apiError('unauthenticated', 'identity_link_required', 'Sign in in another way to link the identity.', details);
  }
  if (provider.registers_users !== true)
    throw apiError('forbidden', 'identity_not_linked', 'No user has linked this identity, and the provider registers nobody.');
  const user = addUser(engine, { ...person, password: '' });
  user.password = null;
  proveAddress(engine, user);
  link(engine, user, provider);
  return user;
}

export const providerSignIn: RouteHandlers<typeof signInRoutes> = {
  providers: ({ engine }) => ({
    status: 200,
    body: engine.state
      .rows(providers, ({ value }) => value.enabled === true)
      .map(({ value: { id, name } }) => ({ id: id as string, name: name as string }))
      .sort((a, b) => a.name.localeCompare(b.name)),
  }),
  start: ({ engine, params, request }) => ({
    status: 200,
    body: redirect(engine, providerOf(engine, params.identity_provider_id), request),
  }),
  complete: ({ engine, params, body }) => {
    const provider = providerIn(engine, body.state, invalidState);
    if (provider.id !== params.identity_provider_id) throw invalidState();
    const { headers, body: grant } = signIn(engine, userOf(engine, provider), 'oidc');
    return { status: 200, body: { ...grant, return_to: null }, headers };
  },
};

export const identities: RouteHandlers<typeof identityRoutes> = {
  start: ({ engine, caller: { user }, body, request }) => {
    if (user.password !== null && body.current_password !== user.password)
      throw apiError('unauthenticated', 'invalid_credentials', 'The current password is wrong.');
    return { status: 200, body: redirect(engine, providerOf(engine, body.identity_provider_id), request) };
  },
  complete: ({ engine, caller: { user }, body }) => ({
    status: 201,
    body: link(engine, user, providerIn(engine, body.state, invalidState)),
  }),
  confirm: ({ engine, caller: { user }, body }) => ({
    status: 201,
    body: link(engine, user, providerIn(engine, body.link_token, tokenInvalid)),
  }),
  delete: ({ engine, caller: { user }, loaded }) => {
    const row = loaded.identity_id!;
    const others = engine.state.rows(linked, (each) => each.owner === user.id && each !== row);
    if (others.length === 0 && user.password === null && user.email === null)
      throw apiError('conflict', 'last_sign_in_method', 'This is your last way to sign in. Set a password first.');
    engine.state.remove(linked, (each) => each === row);
    return { status: 204, body: undefined };
  },
};
