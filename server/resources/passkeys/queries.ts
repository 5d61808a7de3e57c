import { sql } from 'kysely';
import { onPage, type PageKey } from '../../database/paging.ts';
import { type Builder, type RowOf, statement } from '../../database/statement.ts';

const clock = sql<string>`clock_timestamp()`;
const published = ['id', 'name', 'backup_eligible', 'backed_up', 'created_at', 'last_used_at'] as const;

type OfUser = { userId: string };
type One = OfUser & { id: string };

const passkeysOf = (db: Builder) => db.selectFrom('passkeys').select(published);

export const selectPasskeys = statement<OfUser & PageKey>({ rowBytes: 1_000 })((db, $) =>
  passkeysOf(db)
    .where('user_id', '=', $.userId)
    .where(onPage($, 'created_at', 'id'))
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit($.limit),
);

export const selectPasskey = statement<One>()((db, $) => passkeysOf(db).where('user_id', '=', $.userId).where('id', '=', $.id));
export type PasskeyRow = RowOf<typeof selectPasskey>;

/** What the options of a browser name: at most `maxPasskeys` rows. */
export const selectDescriptors = statement<OfUser>({ bound: 'credentials' })((db, $) =>
  db.selectFrom('passkeys').select(['credential_id', 'transports']).where('user_id', '=', $.userId).orderBy('id'),
);
export type DescriptorRow = RowOf<typeof selectDescriptors>;

export const selectByCredentialId = statement<{ credentialId: string }>()((db, $) =>
  db
    .selectFrom('passkeys')
    .select(['id', 'user_id', 'credential_id', 'public_key', 'counter', 'transports'])
    .where('credential_id', '=', $.credentialId),
);

export const selectUsername = statement<OfUser>()((db, $) => db.selectFrom('users').select('username').where('id', '=', $.userId));

export const countPasskeys = statement<OfUser>()((db, $) =>
  db
    .selectFrom('passkeys')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('user_id', '=', $.userId),
);

type NewPasskey = One & {
  credentialId: string;
  publicKey: string;
  counter: number;
  name: string;
  transports: string[];
  backupEligible: boolean;
  backedUp: boolean;
};

/** Returns no row if the credential is registered already, by whomever. */
export const insertPasskey = statement<NewPasskey>()((db, $) =>
  db
    .insertInto('passkeys')
    .values({
      id: $.id,
      user_id: $.userId,
      credential_id: $.credentialId,
      public_key: $.publicKey,
      counter: $.counter,
      name: $.name,
      transports: $.transports,
      backup_eligible: $.backupEligible,
      backed_up: $.backedUp,
    })
    .onConflict((conflict) => conflict.column('credential_id').doNothing())
    .returning(published),
);

/**
 * Records a use. Changes no row if the passkey was deleted, or if a parallel request has used it with this counter or a later one. Authenticators
 * that do not count always send 0.
 */
export const recordUse = statement<One & { counter: number; backedUp: boolean }>()((db, $) =>
  db
    .updateTable('passkeys')
    .set({ counter: $.counter, backed_up: $.backedUp, last_used_at: clock })
    .where('user_id', '=', $.userId)
    .where('id', '=', $.id)
    .where((eb) =>
      eb.or([eb('counter', '<', $.counter), eb.and([eb('counter', '=', sql.lit(0)), sql<boolean>`${$.counter}::bigint = 0`])]),
    ),
);

export const renamePasskey = statement<One & { name: string }>()((db, $) =>
  db.updateTable('passkeys').set({ name: $.name }).where('user_id', '=', $.userId).where('id', '=', $.id).returning(published),
);

export const deletePasskey = statement<One>()((db, $) => db.deleteFrom('passkeys').where('user_id', '=', $.userId).where('id', '=', $.id));

export const deletePasskeysOfUser = statement<OfUser>()((db, $) => db.deleteFrom('passkeys').where('user_id', '=', $.userId));
export const deleteChallengesOfUser = statement<OfUser>()((db, $) => db.deleteFrom('passkey_challenges').where('user_id', '=', $.userId));

export type Purpose = 'sign_in' | 'registration' | 'confirmation';
type NewChallenge = {
  challengeHash: string;
  purpose: Purpose;
  userId: string | null;
  sessionId: string | null;
  signInTokenHash: string | null;
  lifeSeconds: number;
};

export const insertChallenge = statement<NewChallenge>()((db, $) =>
  db.insertInto('passkey_challenges').values({
    challenge_hash: $.challengeHash,
    purpose: $.purpose,
    user_id: $.userId,
    session_id: $.sessionId,
    sign_in_token_hash: $.signInTokenHash,
    expires_at: sql<string>`now() + make_interval(secs => ${$.lifeSeconds})`,
  }),
);

/** Of parallel calls, one gets the challenge. With `sessionId`, only one of that session. */
export const consumeChallenge = statement<{ challengeHash: string; purpose: Purpose; sessionId: string | null }>()((db, $) =>
  db
    .deleteFrom('passkey_challenges')
    .where('challenge_hash', '=', $.challengeHash)
    .where('purpose', '=', $.purpose)
    .where('session_id', 'is not distinct from', sql<string>`${$.sessionId}::uuid`)
    .where('expires_at', '>', clock)
    .returning(['user_id', 'sign_in_token_hash']),
);

/** The user of a sign-in that waits for its second factor. */
export const selectSignInChallenge = statement<{ tokenHash: string }>()((db, $) =>
  db.selectFrom('sign_in_challenges').select(['user_id', 'method']).where('token_hash', '=', $.tokenHash).where('expires_at', '>', clock),
);

export const confirmSession = statement<{ userId: string; sessionId: string }>()((db, $) =>
  db
    .updateTable('sessions')
    .set({ confirmed_at: clock })
    .where('user_id', '=', $.userId)
    .where('id', '=', $.sessionId)
    .where('revoked_at', 'is', null),
);

/** Returns the session if a passkey has opened or confirmed it within the last 10 minutes. */
export const selectConfirmedSession = statement<{ userId: string; sessionId: string | null }>()((db, $) =>
  db
    .selectFrom('sessions')
    .select('id')
    .where('user_id', '=', $.userId)
    .where('id', '=', sql<string>`${$.sessionId}::uuid`)
    .where('confirmed_at', '>', sql<string>`clock_timestamp() - interval '10 minutes'`),
);
