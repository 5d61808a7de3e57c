import { sql } from 'kysely';
import type { Queryable } from '../../database/sql.ts';
import { statement } from '../../database/statement.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { failWith } from '../../platform/failure.ts';
import { type Email, type EmailKey, type LoginKey, loginKeyOf } from '../../platform/identity/identity.ts';
import { type Skeleton, skeletonOf } from '../../platform/identity/lookalikes.ts';
import { backfillUser } from '../broadcasts/backfill.ts';
import { addCredits } from '../credits/ledger.ts';
import { createInviteCode } from '../inviteCodes/service.ts';
import { ensureDefaultProject } from '../projects/service.ts';
import { readSettings } from '../settings/settings.ts';
import { insertAdmin, insertEmptyBalance } from './queries.ts';

/** Validated input of `createUser`. */
export type NewUserInput = {
  userId: string;
  login: string;
  email: Email | null;
  locale: string | null;
  /** Null for a user who signs in with an identity provider. */
  passwordHash: string | null;
  isPlatformAdmin?: boolean;
};

type NewUser = {
  userId: string;
  name: string;
  email: string | null;
  emailKey: EmailKey | null;
  emailSkeleton: Skeleton | null;
  locale: string | null;
  isPlatformAdmin: boolean;
};

const insertUser = statement<NewUser>()((db, $) =>
  db
    .insertInto('users')
    .values({
      id: $.userId,
      username: $.name,
      email: $.email,
      email_key: $.emailKey,
      email_skeleton: $.emailSkeleton,
      locale: $.locale,
      is_platform_admin: $.isPlatformAdmin,
    })
    .onConflict((conflict) => conflict.doNothing()),
);

type NewCredential = { userId: string; login: string; loginKey: LoginKey; loginSkeleton: Skeleton; passwordHash: string | null };

const insertCredential = statement<NewCredential>()((db, $) =>
  db
    .insertInto('credentials')
    .values({
      user_id: $.userId,
      login: $.login,
      login_key: $.loginKey,
      login_skeleton: $.loginSkeleton,
      password_hash: $.passwordHash,
    })
    .onConflict((conflict) => conflict.doNothing()),
);

const insertPersonalAccount = statement<{ accountId: string; slug: string; name: string; userId: string }>()((db, $) =>
  db
    .insertInto('accounts')
    .values({ id: $.accountId, slug: $.slug, name: $.name, type: sql.lit('personal' as const), owner_user_id: $.userId })
    .onConflict((conflict) => conflict.column('slug').doNothing()),
);

/**
 * Creates a user with credential, personal account, membership, credits, default project and invite code in the caller's transaction.
 * Returns the account id. Throws 409 `login_taken` or `email_taken` if another transaction took the login or the email.
 */
export async function createUser(tx: Queryable, { userId, login, email, locale, passwordHash, isPlatformAdmin = false }: NewUserInput) {
  const { text, key, skeleton } = email ?? { text: null, key: null, skeleton: null };
  if (
    (await tx.run(insertUser, { userId, name: login, email: text, emailKey: key, emailSkeleton: skeleton, locale, isPlatformAdmin })) === 0
  )
    throw failWith('conflict', 'email_taken', 'This email address is taken.');
  const credential = { userId, login, loginKey: loginKeyOf(login), loginSkeleton: skeletonOf(login), passwordHash };
  if ((await tx.run(insertCredential, credential)) === 0) throw failWith('conflict', 'login_taken', 'This login is taken.');
  const accountId = newId();
  await insertAccount(tx, accountId, userId, `${login}'s workspace`);
  await tx.run(insertAdmin, { accountId, userId });
  const { 'credit.initial_grant': grant } = await readSettings(tx);
  if (grant > 0) await addCredits(tx, { accountId, amount: grant, referenceType: 'initial_grant', referenceId: accountId });
  else await tx.run(insertEmptyBalance, { accountId });
  await ensureDefaultProject(tx, accountId, userId);
  await createInviteCode(tx, userId, accountId);
  await backfillUser(tx, userId, accountId);
  return accountId;
}

/** The last digits of a UUIDv7 are random; the first are time and would collide. If the short slug is taken, uses all digits. */
async function insertAccount(tx: Queryable, accountId: string, userId: string, name: string) {
  const digits = userId.replaceAll('-', '');
  const made = await tx.run(insertPersonalAccount, { accountId, slug: `personal-${digits.slice(-12)}`, name, userId });
  if (made === 0) await tx.run(insertPersonalAccount, { accountId, slug: `personal-${digits}`, name, userId });
}
