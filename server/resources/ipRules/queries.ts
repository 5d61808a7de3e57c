import { onPage, type PageKey } from '../../database/paging.ts';
import { type RowOf, statement } from '../../database/statement.ts';

const columns = ['account_id', 'id', 'type', 'network', 'note', 'created_at'] as const;

type Of = { accountId: string };
type One = Of & { id: string };

export const selectNetworks = statement<Of>({ isShort: true })((db, $) =>
  db.selectFrom('ip_rules').select(['type', 'network']).where('account_id', '=', $.accountId),
);

export const selectRules = statement<Of & PageKey>({ rowBytes: 1_000 })((db, $) =>
  db
    .selectFrom('ip_rules')
    .select(columns)
    .where('account_id', '=', $.accountId)
    .where(onPage($, 'created_at', 'id'))
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit($.limit),
);

export const selectRule = statement<One>()((db, $) =>
  db.selectFrom('ip_rules').select(columns).where('account_id', '=', $.accountId).where('id', '=', $.id),
);

/** The network is in CIDR notation, without host bits. */
export type IpRuleRow = RowOf<typeof selectRule>;

/** Serializes changes of the rules of an account. */
export const lockAccount = statement<Of>()((db, $) =>
  db.selectFrom('accounts').select('id').where('id', '=', $.accountId).forNoKeyUpdate(),
);

type NewRule = One & { type: 'allowlist' | 'blocklist'; network: string; note: string | null };

/** Returns no row if the account has the rule. */
export const insertRule = statement<NewRule>()((db, $) =>
  db
    .insertInto('ip_rules')
    .values({ account_id: $.accountId, id: $.id, type: $.type, network: $.network, note: $.note })
    .onConflict((conflict) => conflict.columns(['account_id', 'type', 'network']).doNothing())
    .returning(columns),
);

export const deleteRule = statement<One>()((db, $) =>
  db.deleteFrom('ip_rules').where('account_id', '=', $.accountId).where('id', '=', $.id).returning(columns),
);
