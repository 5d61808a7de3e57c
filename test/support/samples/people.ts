import { randomBytes, randomUUID } from 'node:crypto';
import { sha256 } from '../../../server/platform/crypto/ids.ts';
import type { Maker } from './context.ts';

/** A workspace with the maker as admin. Inserted directly, because the API limits the number of workspaces. */
export async function workspaceOf({ app: { sql }, by }: Maker): Promise<string> {
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

/** Adds a new user to an account and returns their ID. */
export async function memberOf({ app: { sql, signUp } }: Maker, accountId: string): Promise<string> {
  const { id } = await signUp();
  await sql(`insert into memberships (account_id, user_id, role) values ($1, $2, 'member')`, [accountId, id]);
  return id;
}

/** An invitation by the maker to an account, with its token. */
export async function invitationTo({ app: { sql }, by }: Maker, accountId: string): Promise<{ id: string; token: string }> {
  const [id, token] = [randomUUID(), randomBytes(32).toString('hex')];
  await sql(
    `insert into invitations (account_id, id, invited_by_user_id, email, email_key, role, token_hash, expires_at)
     values ($1, $2, $3, $4, $4, 'member', $5, now() + interval '1 day')`,
    [accountId, id, by.id, `${id}@example.test`, sha256(token)],
  );
  return { id, token };
}

/** Addresses an invitation to a new user, whose token it returns. */
export async function addresseeOf({ app: { sql, signUp } }: Maker, token: string): Promise<{ token: string }> {
  const guest = await signUp();
  await sql('update users set email_verified_at = now() where id = $1', [guest.id]);
  await sql('update invitations set email = $1, email_key = $1 where token_hash = $2', [guest.email, sha256(token)]);
  return { token: guest.token };
}
