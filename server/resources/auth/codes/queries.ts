import { type NotNull, sql } from 'kysely';
import { statement } from '../../../database/statement.ts';
import { personalAccountId } from '../queries.ts';

type NewCode = { userId: string; email: string; codeHmac: string; lifeSeconds: number; askedFrom: string };

/**
 * A user has one code per requesting client address. A new code replaces the previous one of that address and is bound to the email
 * address.
 */
export const upsertCode = statement<NewCode>()((db, $) =>
  db
    .insertInto('login_codes')
    .values({
      user_id: $.userId,
      email: $.email,
      code_hmac: $.codeHmac,
      expires_at: sql<string>`now() + make_interval(secs => ${$.lifeSeconds})`,
      asked_from: $.askedFrom,
    })
    .onConflict((conflict) =>
      conflict.columns(['user_id', 'asked_from']).doUpdateSet((eb) => ({
        email: eb.ref('excluded.email'),
        code_hmac: eb.ref('excluded.code_hmac'),
        expires_at: eb.ref('excluded.expires_at'),
        foreign_guesses: sql.lit(0),
      })),
    ),
);

/**
 * Counts a guess from an address against the codes that other addresses requested, at most `maxGuesses` for each. Returns the requesters of
 * the codes that the guess may still match.
 */
export const countForeignGuess = statement<{ userId: string; from: string; maxGuesses: number }>({ bound: 'one' })((db, $) =>
  db
    .updateTable('login_codes')
    .set((eb) => ({ foreign_guesses: eb('foreign_guesses', '+', sql.lit(1)) }))
    .where('user_id', '=', $.userId)
    .where('asked_from', '<>', $.from)
    .where('foreign_guesses', '<', $.maxGuesses)
    .where('expires_at', '>', sql<string>`clock_timestamp()`)
    .returning('asked_from'),
);

/**
 * Of parallel calls, one consumes the code. Matches only codes that were requested by `askers` and mailed to the user's current address.
 */
export const consumeCode = statement<{ userId: string; codeHmacs: string[]; askers: string[] }>()((db, $) =>
  db
    .deleteFrom('login_codes as c')
    .using('users as u')
    .where('c.user_id', '=', $.userId)
    .where('c.code_hmac', '=', sql<string>`any(${$.codeHmacs}::text[])`)
    .where('c.asked_from', '=', sql<string>`any(${$.askers}::text[])`)
    .where('c.expires_at', '>', sql<string>`clock_timestamp()`)
    .whereRef('u.id', '=', 'c.user_id')
    .whereRef('u.email', '=', 'c.email')
    .returning('c.email'),
);

export const deleteCodes = statement<{ userId: string }>()((db, $) => db.deleteFrom('login_codes').where('user_id', '=', $.userId));

/**
 * Client addresses that a user signed in from within 90 days, except those of sessions that were revoked for another reason than logout.
 */
export const selectSignInAddresses = statement<{ userId: string }>()((db, $) =>
  db
    .selectFrom('sessions')
    .select('ip')
    .distinct()
    .where('user_id', '=', $.userId)
    .where('created_at', '>', sql<string>`now() - interval '90 days'`)
    .where('ip', 'is not', null)
    .where((eb) => eb.or([eb('revoke_reason', 'is', null), eb('revoke_reason', '=', sql.lit('logout' as const))]))
    .limit(sql.lit(1_000))
    .$narrowType<{ ip: NotNull }>(),
);

export const selectEmailStatus = statement<{ userId: string }>()((db, $) =>
  db
    .selectFrom('users as u')
    .select((eb) => [
      'u.email',
      eb('u.email_verified_at', 'is not', null).$castTo<boolean>().as('verified'),
      'u.locale',
      personalAccountId().as('home'),
    ])
    .where('u.id', '=', $.userId),
);

/** A new token replaces the previous one. */
export const upsertVerification = statement<{ userId: string; email: string; tokenHash: string }>()((db, $) =>
  db
    .insertInto('email_verifications')
    .values({ user_id: $.userId, email: $.email, token_hash: $.tokenHash, expires_at: sql<string>`now() + interval '1 hour'` })
    .onConflict((conflict) =>
      conflict.column('user_id').doUpdateSet((eb) => ({
        email: eb.ref('excluded.email'),
        token_hash: eb.ref('excluded.token_hash'),
        expires_at: eb.ref('excluded.expires_at'),
      })),
    ),
);

/** The user of a valid token. */
export const selectVerification = statement<{ tokenHash: string }>()((db, $) =>
  db
    .selectFrom('email_verifications as v')
    .innerJoin('credentials as c', 'c.user_id', 'v.user_id')
    .select(['c.user_id', 'c.password_hash'])
    .where('v.token_hash', '=', $.tokenHash)
    .where('v.expires_at', '>', sql<string>`clock_timestamp()`),
);

/** Matches only a token that was mailed to the current address of its user. Of parallel calls, one consumes it. */
export const consumeVerification = statement<{ tokenHash: string }>()((db, $) =>
  db
    .deleteFrom('email_verifications as v')
    .using('users as u')
    .where('v.token_hash', '=', $.tokenHash)
    .where('v.expires_at', '>', sql<string>`clock_timestamp()`)
    .whereRef('u.id', '=', 'v.user_id')
    .whereRef('u.email', '=', 'v.email')
    .where('u.status', '<>', sql.lit('deleted' as const))
    .returning(['v.user_id', 'v.email', personalAccountId().as('home')]),
);
