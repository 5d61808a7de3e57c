import type { Call, CallOptions, HttpResponse } from '../call.ts';
import { describeResponse, type Person } from '../people.ts';

/**
 * `by` makes the calls. `borrowUser` returns another user with a session of their own, for requests that end a session or concern another user.
 * `registerUser` returns a new user, for requests that change or delete one. `admin` is a platform administrator, if there is one.
 */
export type SampleContext = {
  call: Call;
  by: Person;
  borrowUser: () => Promise<Person>;
  registerUser: () => Promise<Person>;
  admin: Person | undefined;
};

/** The reason why the kit cannot check an operation. Not a violation. */
export class UncheckedReason extends Error {}

/** A unique name. */
export const uniqueName = () => `sample-${crypto.randomUUID().slice(24)}`;

/** Creates a resource and returns the response body. Throws Unchecked if that fails. */
export async function post(
  { call, by }: Pick<SampleContext, 'call' | 'by'>,
  path: string,
  body?: unknown,
  options: CallOptions = {},
): Promise<HttpResponse['body']> {
  const answer = await call('POST', path, { token: by.token, body, ...options });
  if (answer.status >= 300) throw new UncheckedReason(`POST ${path}: ${describeResponse(answer)}`);
  return answer.body;
}

/** Throws Unchecked if there is no administrator. */
export function asAdmin<Context extends SampleContext>(maker: Context): Context & { admin: Person } {
  if (!maker.admin) throw new UncheckedReason('needs an administrator of the platform');
  return { ...maker, by: maker.admin, admin: maker.admin };
}

/** Memoizes `make` per user. */
export function memoizePerUser<Value>(make: (maker: SampleContext) => Promise<Value>): (maker: SampleContext) => Promise<Value> {
  const made = new WeakMap<Person, Promise<Value>>();
  return (maker) => {
    const known = made.get(maker.by) ?? make(maker);
    made.set(maker.by, known);
    return known;
  };
}

/** One workspace per user, because the number of workspaces is limited. */
export const workspaceOf = memoizePerUser(
  async (maker) => (await post(maker, '/v1/accounts', { slug: uniqueName(), name: 'Sample' })).id as string,
);

export async function invitationOf(maker: SampleContext, email = `${uniqueName()}@example.test`): Promise<{ id: string; token: string }> {
  return post(maker, `/v1/accounts/${await workspaceOf(maker)}/invitations`, { email, role: 'member' });
}

/** An invitation of a user with a verified address. Only an administrator can verify an address without reading mail. */
export async function acceptableInvitationOf(maker: SampleContext): Promise<{ id: string; token: string; guest: Person }> {
  const { admin, call } = asAdmin(maker);
  const guest = await maker.registerUser();
  const path = `/v1/admin/users/${guest.id}`;
  const answer = await call('PATCH', path, { token: admin.token, body: { email_verified: true } });
  if (answer.status !== 200) throw new UncheckedReason(`PATCH ${path}: ${describeResponse(answer)}`);
  return { ...(await invitationOf(maker, guest.email)), guest };
}

/** Id of a user who accepted an invitation into the workspace. */
export async function memberOf(maker: SampleContext): Promise<string> {
  const { token, guest } = await acceptableInvitationOf(maker);
  await post({ ...maker, by: guest }, `/v1/account-invitations/${token}/accept`);
  return guest.id;
}

/** The account of another user, for what must not affect the account of the caller. */
export const otherAccountOf = memoizePerUser(async ({ borrowUser }) => (await borrowUser()).accountId);

/** A new workspace of another user, for what can be done only once per account. */
export const spareAccountOf = async (maker: SampleContext): Promise<string> =>
  (await post({ ...maker, by: await maker.borrowUser() }, '/v1/accounts', { slug: uniqueName(), name: 'Sample' })).id;

/** The body of the request to erase an account. */
export async function confirmationOf(
  { call, by }: SampleContext,
  accountId: string,
  isAdmin = false,
): Promise<{ slug: string; current_password: string }> {
  if (by.password === '') throw new UncheckedReason('needs a sign-in with a password');
  const { body } = await call('GET', `/v1/${isAdmin ? 'admin/' : ''}accounts/${accountId}`, { token: by.token });
  return { slug: body.slug, current_password: by.password };
}

/** A workspace of the caller without an erasure that has not ended. */
export async function erasableOf(maker: SampleContext): Promise<string> {
  const id = await workspaceOf(maker);
  await maker.call('DELETE', `/v1/accounts/${id}/erasure`, { token: maker.by.token });
  return id;
}

/** An erasure of the workspace of the caller, which the next call cancels. Until then nothing is deleted. */
export async function erasureOf(maker: SampleContext): Promise<{ id: string; accountId: string }> {
  const accountId = await erasableOf(maker);
  const { id } = await post(maker, `/v1/accounts/${accountId}/erasure`, await confirmationOf(maker, accountId));
  return { id, accountId };
}

/** Starts a sign-in and returns its token. */
export const flowTokenOf = async ({ call }: Pick<SampleContext, 'call'>, identity: string): Promise<string> =>
  (await call('POST', '/v1/auth/resolve', { body: { identity } })).body.flow_token;

/** A multipart form with one text file. */
export function formOf(filename: string, type: string, content: string) {
  const boundary = `conformance-${crypto.randomUUID()}`;
  const head = `content-disposition: form-data; name="file"; filename="${filename}"\r\ncontent-type: ${type}`;
  const raw = Buffer.from(`--${boundary}\r\n${head}\r\n\r\n${content}\r\n--${boundary}--\r\n`);
  return { raw, headers: { 'content-type': `multipart/form-data; boundary=${boundary}` } };
}
