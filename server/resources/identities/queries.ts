import { sql } from 'kysely';
import { type Builder, type RowOf, statement } from '../../database/statement.ts';

const now = sql<string>`now()`;
const clock = sql<string>`clock_timestamp()`;

type OfUser = { userId: string };
type Subject = { issuer: string; subject: string };
type Purpose = 'sign_in' | 'link' | 'confirm';

type NewFlow = {
  keyHash: string;
  purpose: Purpose;
  providerId: string;
  userId: string | null;
  contentsSealed: Buffer;
  lifeSeconds: number;
};

export const insertFlow = statement<NewFlow>()((db, $) =>
  db
    .insertInto('identity_flows')
    .values({
      key_hash: $.keyHash,
      purpose: $.purpose,
      provider_id: $.providerId,
      user_id: $.userId,
      contents_sealed: $.contentsSealed,
      expires_at: sql<string>`now() + make_interval(secs => ${$.lifeSeconds})`,
    })
    .returning('expires_at'),
);

/** Of parallel calls, one takes the flow. */
export const takeFlow = statement<{ keyHash: string; purpose: Purpose; userId: string | null }>()((db, $) =>
  db
    .deleteFrom('identity_flows')
    .where('key_hash', '=', $.keyHash)
    .where('purpose', '=', $.purpose)
    .where('user_id', 'is not distinct from', sql<string | null>`${$.userId}::uuid`)
    .where('expires_at', '>', clock)
    .returning(['provider_id', 'contents_sealed', 'created_at']),
);

/** Nothing if the session is older than `since`. */
export const selectSessionSince = statement<{ sessionId: string | null; since: string }>()((db, $) =>
  db
    .selectFrom('sessions')
    .select('id')
    .where('id', '=', sql<string>`${$.sessionId}::uuid`)
    .where('created_at', '>=', sql<string>`${$.since}::timestamptz`),
);

/** A linked identity with its provider, if one has the issuer. */
const identity = (db: Builder) =>
  db
    .selectFrom('user_identities as i')
    .leftJoin('identity_providers as p', 'p.issuer', 'i.issuer')
    .select((eb) => [
      'i.id',
      'i.user_id',
      'i.issuer',
      'i.subject',
      'i.email',
      'i.created_at',
      'i.last_used_at',
      'p.name as provider_name',
      eb.fn.coalesce('p.enabled', sql.lit(false)).as('usable'),
    ]);

export const selectIdentities = statement<OfUser>({ bound: 'credentials' })((db, $) =>
  identity(db).where('i.user_id', '=', $.userId).orderBy('i.created_at').orderBy('i.id'),
);
export const selectIdentity = statement<OfUser & { id: string }>()((db, $) =>
  identity(db).where('i.user_id', '=', $.userId).where('i.id', '=', $.id),
);
export const selectBySubject = statement<Subject>()((db, $) =>
  identity(db).where('i.issuer', '=', $.issuer).where('i.subject', '=', $.subject),
);

export const countIdentities = statement<OfUser>()((db, $) =>
  db
    .selectFrom('user_identities')
    .select(sql<number>`count(*)`.as('count'))
    .where('user_id', '=', $.userId),
);

export type IdentityRow = RowOf<typeof selectIdentity>;

/** Nothing if the identity is already linked. */
export const insertIdentity = statement<OfUser & Subject & { id: string; email: string | null }>()((db, $) =>
  db
    .insertInto('user_identities')
    .values({ id: $.id, user_id: $.userId, issuer: $.issuer, subject: $.subject, email: $.email })
    .onConflict((conflict) => conflict.columns(['issuer', 'subject']).doNothing())
    .returning('id'),
);

/** Nothing if the identity was unlinked meanwhile. */
export const markIdentityUsed = statement<OfUser & { id: string; email: string | null }>()((db, $) =>
  db
    .updateTable('user_identities')
    .set({ last_used_at: now, email: $.email })
    .where('id', '=', $.id)
    .where('user_id', '=', $.userId)
    .returning('id'),
);

export const deleteIdentity = statement<OfUser & { id: string }>()((db, $) =>
  db.deleteFrom('user_identities').where('user_id', '=', $.userId).where('id', '=', $.id),
);

/** Also ends links that are under way. Those that wait for the user to sign in stay: they need a newer session. */
export const deleteIdentities = statement<OfUser>()((db, $) =>
  db
    .with('ended', (qc) =>
      qc
        .deleteFrom('identity_flows')
        .where('user_id', '=', $.userId)
        .where('purpose', '=', sql.lit('link' as const)),
    )
    .deleteFrom('user_identities')
    .where('user_id', '=', $.userId),
);
