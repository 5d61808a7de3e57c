import { expect, test } from 'vitest';
import { startTestApp } from '../../../support/app/testApp.ts';
import { statusAndReason } from '../../../support/http/responses.ts';
import { createAuthenticator, type Wrongs } from '../../../support/passkeys/authenticator.ts';
import { openMock } from './compare.ts';

type Call = Awaited<ReturnType<typeof startTestApp>>['call'];
type Member = { token: string; password: string; login: string };

const app = await startTestApp({}, { worker: false });

/** What a page and its user can get wrong around challenges. Returns the status and the reason of each response. */
async function play(call: Call, [mine, other]: readonly [Member, Member]) {
  const outcomes: [string, ...unknown[]][] = [];
  const post = (path: string, body?: object, token?: string) => call('POST', path, { ...(token && { token }), ...(body && { body }) });
  const note = async (what: string, answer: ReturnType<typeof post>) => void outcomes.push([what, ...statusAndReason(await answer)]);
  const creation = async ({ token, password }: Member) =>
    (await post('/v1/me/passkeys/options', { current_password: password }, token)).body.public_key;
  const registering = (options: any, token: string, authenticator = createAuthenticator(), wrongs: Wrongs = {}) =>
    post('/v1/me/passkeys', { name: 'Laptop', credential: authenticator.create(options, wrongs) }, token);
  const request = async () => (await post('/v1/auth/passkey/options', {})).body.public_key;
  const verify = (credential: object) => post('/v1/auth/passkey/verify', { credential });
  const confirmation = async (token: string) => (await post('/v1/me/confirmation/options', undefined, token)).body.public_key;
  const confirming = (credential: object, token: string) => post('/v1/me/confirmation', { credential }, token);

  const [authenticator, foreign] = [createAuthenticator(), createAuthenticator()];
  await note('register', registering(await creation(mine), mine.token, authenticator));
  await note('register of another user', registering(await creation(other), other.token, foreign));
  await note('register it again', registering(await creation(mine), mine.token, authenticator));
  const own = await creation(mine);
  await note('challenge of another user', registering(own, other.token));
  await note('the same by its user', registering(own, mine.token));
  await note('used challenge', registering(own, mine.token));
  await note('made-up challenge', registering(own, mine.token, createAuthenticator(), { challenge: 'made-up' }));
  await note('challenge of a sign-in', registering({ ...own, challenge: (await request()).challenge }, mine.token));
  await note('response of the other kind', registering(await creation(mine), mine.token, createAuthenticator(), { type: 'webauthn.get' }));

  const options = await request();
  await note('sign in', verify(authenticator.get(options)));
  await note('used challenge', verify(authenticator.get(options)));
  for (const challenge of ['', 'made-up']) await note('made-up challenge', verify(authenticator.get(options, { challenge })));
  await note(
    'clientDataJSON that is no JSON',
    verify({ ...authenticator.get(await request()), response: { ...authenticator.get(options).response, clientDataJSON: 'AAAA' } }),
  );
  await note('user handle of another user', verify(authenticator.get(await request(), { userHandle: (await creation(other)).user.id })));
  await note('unknown passkey', verify(createAuthenticator().get(await request(), { userHandle: null })));
  const failed = await request();
  await note('response of the other kind', verify(authenticator.get(failed, { type: 'webauthn.create' })));
  await note('challenge of a failed request', verify(authenticator.get(failed)));
  await note('challenge of a confirmation', verify(authenticator.get(await confirmation(mine.token))));

  await note('confirm', confirming(authenticator.get(await confirmation(mine.token)), mine.token));
  await note('challenge of another user', confirming(foreign.get(await confirmation(mine.token)), other.token));
  await note('passkey of another user', confirming(foreign.get(await confirmation(mine.token)), mine.token));
  await note('challenge of a sign-in', confirming(authenticator.get(await request()), mine.token));
  const second = (await post('/v1/auth/login', { login: mine.login, password: mine.password })).body.access_token;
  await note('challenge of another session', confirming(authenticator.get(await confirmation(mine.token)), second));
  return outcomes;
}

test('the mock takes a challenge of a passkey as the server does: once, for its purpose, user and session', async () => {
  const { call, mocks } = openMock();
  const expected = await play(app.call, [await app.signUp(), await app.signUp()]);
  const member = () => {
    const { accessToken: token, ...others } = mocks.state.signUp();
    return { token, ...others };
  };
  expect(await play(call as unknown as Call, [member(), member()])).toEqual(expected);
  expect(expected.filter(([, , reason]) => reason === 'challenge_invalid').length).toBeGreaterThan(9);
});
