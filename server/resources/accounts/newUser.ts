import { refuse } from '../../kernel/failure.ts';
import { type Email, type EmailKey, type LoginKey, loginKeyOf } from '../../kernel/identity.ts';
import { newId } from '../../kernel/ids.ts';
import { type Skeleton, skeletonOf } from '../../kernel/lookalikes.ts';
import { type Sql, statement } from '../../kernel/sql.ts';
import { backFillUser } from '../broadcasts/backFill.ts';
import { addCredits } from '../credits/ledger.ts';
import { createInviteCode } from '../inviteCodes/service.ts';
import { ensureDefaultProject } from '../projects/service.ts';
import { readSettings } from '../settings/settings.ts';
import { insertAdmin, insertEmptyBalance } from './queries.ts';

/** Somebody who is about to become a user; every field has been checked. */
export type NewPerson = {
  userId: string;
  login: string;
  email: Email | null;
  locale: string | null;
  passwordHash: string;
  isPlatformAdmin?: boolean;
};

const insertUser = statement<
  never,
  [id: string, name: string, email: string | null, EmailKey | null, Skeleton | null, locale: string | null, isPlatformAdmin: boolean]
>(`
  insert into users (id, username, email, email_key, email_skeleton, locale, is_platform_admin) values ($1, $2, $3, $4, $5, $6, $7)
  on conflict do nothing`);
const insertCredential = statement<never, [userId: string, login: string, LoginKey, Skeleton, passwordHash: string]>(`
  insert into credentials (user_id, login, login_key, login_skeleton, password_hash) values ($1, $2, $3, $4, $5) on conflict do nothing`);
const insertPersonalAccount = statement<never>(`
  insert into accounts (id, slug, name, type, owner_user_id) values ($1, $2, $3, 'personal', $4) on conflict (slug) do nothing`);

/**
 * Create a user with credential, personal account, membership, credits, default project and invite code, in the caller's transaction.
 * Answers with the id of the account; throws 409 when login or email went to somebody else meanwhile.
 */
export async function createUser(tx: Sql, { userId, login, email, locale, passwordHash, isPlatformAdmin = false }: NewPerson) {
  const { text, key, skeleton } = email ?? { text: null, key: null, skeleton: null };
  if ((await tx.run(insertUser, [userId, login, text, key, skeleton, locale, isPlatformAdmin])) === 0)
    throw refuse('conflict', 'email_taken', 'This email address is taken.');
  if ((await tx.run(insertCredential, [userId, login, loginKeyOf(login), skeletonOf(login), passwordHash])) === 0)
    throw refuse('conflict', 'login_taken', 'This login is taken.');
  const accountId = newId();
  await insertAccount(tx, accountId, userId, `${login}'s workspace`);
  await tx.run(insertAdmin, [accountId, userId]);
  const { 'credit.initial_grant': grant } = await readSettings(tx);
  if (grant > 0) await addCredits(tx, { accountId, amount: grant, referenceType: 'initial_grant', referenceId: accountId });
  else await tx.run(insertEmptyBalance, [accountId]);
  await ensureDefaultProject(tx, accountId, userId);
  await createInviteCode(tx, userId, accountId);
  await backFillUser(tx, userId, accountId);
  return accountId;
}

/** The last digits of a UUIDv7 are random, the first are time and would collide; should they be taken, all are used. */
async function insertAccount(tx: Sql, accountId: string, userId: string, name: string) {
  const digits = userId.replaceAll('-', '');
  const made = await tx.run(insertPersonalAccount, [accountId, `personal-${digits.slice(-12)}`, name, userId]);
  if (made === 0) await tx.run(insertPersonalAccount, [accountId, `personal-${digits}`, name, userId]);
}
