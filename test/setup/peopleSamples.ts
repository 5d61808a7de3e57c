import { randomBytes, randomUUID } from 'node:crypto';
import { sha256 } from '../../server/kernel/ids.ts';
import type { Maker } from './samples.ts';

/** A workspace of which the maker is admin; not made through the API, where their number is limited. */
export async function workspaceOf({ world: { sql }, by }: Maker): Promise<string> {
  const id = randomUUID();
  await sql(`insert into accounts (id, slug, name, type, owner_user_id) values ($1, $2, 'Sample', 'workspace', $3)`, [
    id,
    `sample-${id}`,
    by.id,
  ]);
  await sql(`insert into memberships (account_id, user_id, role) values ($1, $2, 'admin')`, [id, by.id]);
  await sql('insert into credit_balances (account_id, balance) values ($1, 0)', [id]);
  return id;
}

/** Somebody new in an account. */
export async function memberOf({ world: { sql, signUp } }: Maker, accountId: string): Promise<string> {
  const { id } = await signUp();
  await sql(`insert into memberships (account_id, user_id, role) values ($1, $2, 'member')`, [accountId, id]);
  return id;
}

/** An invitation of the maker into an account, with its token. */
export async function invitationTo({ world: { sql }, by }: Maker, accountId: string): Promise<{ id: string; token: string }> {
  const [id, token] = [randomUUID(), randomBytes(32).toString('hex')];
  await sql(
    `insert into invitations (account_id, id, invited_by_user_id, email, email_key, role, token_hash, expires_at)
     values ($1, $2, $3, $4, $4, 'member', $5, now() + interval '1 day')`,
    [accountId, id, by.id, `${id}@example.test`, sha256(token)],
  );
  return { id, token };
}

/** Somebody new whom an invitation is for. */
export async function addresseeOf({ world: { sql, signUp } }: Maker, token: string): Promise<{ token: string }> {
  const guest = await signUp();
  await sql('update users set email_verified_at = now() where id = $1', [guest.id]);
  await sql('update invitations set email = $1, email_key = $1 where token_hash = $2', [guest.email, sha256(token)]);
  return { token: guest.token };
}
