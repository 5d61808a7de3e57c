import { sql } from 'kysely';
import { type RowOf, statement } from '../../database/statement.ts';

const now = sql<string>`now()`;
const clock = sql<string>`clock_timestamp()`;

type OfUser = { userId: string };

export const selectSecondFactor = statement<OfUser>()((db, $) =>
  db
    .selectFrom('users as u')
    .leftJoin('second_factors as f', 'f.user_id', 'u.id')
    .select((eb) => [
      'u.second_factor_at as enabled_at',
      // A secret that was not confirmed has no codes.
      eb.fn.coalesce(sql<number>`cardinality(f.recovery_hashes)`, sql.lit(0)).as('recovery_codes_left'),
    ])
    .where('u.id', '=', $.userId),
);
export type SecondFactorRow = RowOf<typeof selectSecondFactor>;

/** What a setup depends on. Locks the user until the commit, in the same order as a sign-in: before the second factor. */
export const lockUser = statement<OfUser>()((db, $) =>
  db
    .selectFrom('users as u')
    .innerJoin('credentials as c', 'c.user_id', 'u.id')
    .select((eb) => [
      'c.login',
      eb('u.second_factor_at', 'is not', null).$castTo<boolean>().as('is_enabled'),
      eb
        .and([eb('u.email', 'is not', null), eb('u.email_verified_at', 'is', null)])
        .$castTo<boolean>()
        .as('is_unverified'),
    ])
    .where('u.id', '=', $.userId)
    .where('u.status', '<>', sql.lit('deleted' as const))
    .forNoKeyUpdate('u'),
);

/** Replaces the secret of an earlier setup. Codes of `lastStep` and of earlier steps are rejected. */
export const upsertSecret = statement<OfUser & { secretSealed: Buffer; lastStep: number }>()((db, $) =>
  db
    .insertInto('second_factors')
    .values({ user_id: $.userId, secret_sealed: $.secretSealed, last_step: $.lastStep })
    .onConflict((conflict) =>
      conflict.column('user_id').doUpdateSet((eb) => ({
        secret_sealed: eb.ref('excluded.secret_sealed'),
        last_step: eb.ref('excluded.last_step'),
        recovery_hashes: sql<string[]>`'{}'::text[]`,
      })),
    ),
);

export const lockSecret = statement<OfUser>()((db, $) =>
  db.selectFrom('second_factors').select(['secret_sealed', 'last_step']).where('user_id', '=', $.userId).forUpdate(),
);

/** Of parallel calls with the same step, one changes the row. */
export const consumeStep = statement<OfUser & { step: number }>()((db, $) =>
  db.updateTable('second_factors').set({ last_step: $.step }).where('user_id', '=', $.userId).where('last_step', '<', $.step),
);

/** Of parallel calls with the same code, one changes the row. */
export const consumeRecoveryCode = statement<OfUser & { hash: string }>()((db, $) =>
  db
    .updateTable('second_factors')
    .set({ recovery_hashes: sql<string[]>`array_remove(recovery_hashes, ${$.hash})` })
    .where('user_id', '=', $.userId)
    .where(sql<string>`${$.hash}::text`, '=', sql<string>`any(recovery_hashes)`),
);

export const replaceRecoveryCodes = statement<OfUser & { hashes: string[] }>()((db, $) =>
  db.updateTable('second_factors').set({ recovery_hashes: $.hashes }).where('user_id', '=', $.userId),
);

export const enable = statement<OfUser>()((db, $) => db.updateTable('users').set({ second_factor_at: now }).where('id', '=', $.userId));

/** Returns whether the second factor was on. */
export const disable = statement<OfUser>()((db, $) =>
  db
    .updateTable('users')
    .set({ second_factor_at: sql.lit(null) })
    .where('id', '=', $.userId)
    .where('second_factor_at', 'is not', null),
);

export const deleteSecret = statement<OfUser>()((db, $) => db.deleteFrom('second_factors').where('user_id', '=', $.userId));

type NewChallenge = OfUser & { tokenHash: string; method: 'password' | 'email_otp' | 'oidc'; lifeSeconds: number };

export const insertChallenge = statement<NewChallenge>()((db, $) =>
  db.insertInto('sign_in_challenges').values({
    token_hash: $.tokenHash,
    user_id: $.userId,
    method: $.method,
    expires_at: sql<string>`now() + make_interval(secs => ${$.lifeSeconds})`,
  }),
);

/** Counts a code that is tried. Returns nothing for a challenge that has expired or has had too many. */
export const countChallengeAttempt = statement<{ tokenHash: string; maxAttempts: number }>()((db, $) =>
  db
    .updateTable('sign_in_challenges')
    .set((eb) => ({ attempts: eb('attempts', '+', sql.lit(1)) }))
    .where('token_hash', '=', $.tokenHash)
    .where('expires_at', '>', clock)
    .where('attempts', '<', $.maxAttempts)
    .returning(['user_id', 'method']),
);

/** Of parallel calls, one consumes the challenge. */
export const deleteChallenge = statement<{ tokenHash: string }>()((db, $) =>
  db.deleteFrom('sign_in_challenges').where('token_hash', '=', $.tokenHash),
);

export const deleteChallenges = statement<OfUser>()((db, $) => db.deleteFrom('sign_in_challenges').where('user_id', '=', $.userId));
