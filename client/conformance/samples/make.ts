import type { Answer, Call, CallOptions } from '../call.ts';
import { type Person, toldBy } from '../people.ts';

/** What samples are made with: calls, who makes them, somebody new for what ends a session or is done to others, and an administrator if there is one. */
export type Maker = { call: Call; by: Person; somebody: () => Promise<Person>; admin: Person | undefined };

/** Why something cannot be checked: no fault of the server. */
export class Unchecked extends Error {}

/** A name that nothing else has. */
export const name = () => `conformance-${crypto.randomUUID().slice(24)}`;

export async function post(
  { call, by }: Pick<Maker, 'call' | 'by'>,
  path: string,
  body?: unknown,
  options: CallOptions = {},
): Promise<Answer['body']> {
  const answer = await call('POST', path, { token: by.token, body, ...options });
  if (answer.status >= 300) throw new Unchecked(`POST ${path}: ${toldBy(answer)}`);
  return answer.body;
}

/** The maker as the administrator of the platform. */
export function asAdmin(maker: Maker): Maker & { admin: Person } {
  if (!maker.admin) throw new Unchecked('needs an administrator of the platform');
  return { ...maker, by: maker.admin, admin: maker.admin };
}

/** One that is made once and then always the same. */
export function once<Value>(make: (maker: Maker) => Promise<Value>): (maker: Maker) => Promise<Value> {
  const made = new WeakMap<Person, Promise<Value>>();
  return (maker) => {
    const known = made.get(maker.by) ?? make(maker);
    made.set(maker.by, known);
    return known;
  };
}

/** A workspace of the maker; one, because their number is limited. */
export const workspaceOf = once(async (maker) => (await post(maker, '/v1/accounts', { slug: name(), name: 'Conformance' })).id as string);

/** An invitation into that workspace, and for whom. */
export async function invitationOf(maker: Maker): Promise<{ id: string; token: string; guest: Person }> {
  const guest = await maker.somebody();
  const body = { email: guest.email, role: 'member' };
  return { ...(await post(maker, `/v1/accounts/${await workspaceOf(maker)}/invitations`, body)), guest };
}

/** The same for somebody whose address is verified; only an administrator can do that without reading mail. */
export async function acceptableInvitationOf(maker: Maker): Promise<{ id: string; token: string; guest: Person }> {
  const { admin, call } = asAdmin(maker);
  const invitation = await invitationOf(maker);
  const path = `/v1/admin/users/${invitation.guest.id}`;
  const answer = await call('PATCH', path, { token: admin.token, body: { email_verified: true } });
  if (answer.status !== 200) throw new Unchecked(`PATCH ${path}: ${toldBy(answer)}`);
  return invitation;
}

/** Somebody who has come into that workspace. */
export async function memberOf(maker: Maker): Promise<string> {
  const { token, guest } = await acceptableInvitationOf(maker);
  await post({ ...maker, by: guest }, `/v1/account-invitations/${token}/accept`);
  return guest.id;
}

/** A file with a few words, as a form. */
export function formOf(filename: string, type: string, content: string) {
  const boundary = `conformance-${crypto.randomUUID()}`;
  const head = `content-disposition: form-data; name="file"; filename="${filename}"\r\ncontent-type: ${type}`;
  const raw = Buffer.from(`--${boundary}\r\n${head}\r\n\r\n${content}\r\n--${boundary}--\r\n`);
  return { raw, headers: { 'content-type': `multipart/form-data; boundary=${boundary}` } };
}
