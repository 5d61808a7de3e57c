import {
  type DaysQuery,
  type MonthQuery,
  type usage as routes,
  type UsageExportQuery,
  usageRecordFields,
} from '../../../contract/usage.ts';
import type { Caller, Context, RouteHandlers } from '../context.ts';
import { exportOf } from '../exports.ts';
import { resourceType } from '../resourceTypes.ts';
import { sumOf, type UsageRecord, usageRecords } from './ledger.ts';

const messageKind = resourceType('/v1/threads/{thread_id}/messages');

type Asked<Query> = { engine: Context['engine']; caller: Caller; query: Query };
type IsIncluded = (record: UsageRecord, caller: Caller) => boolean;

/** Sums by a part of the record, in the order of the oldest records. */
function groupsOf(records: readonly UsageRecord[], keyOf: (record: UsageRecord) => string) {
  const groups = Map.groupBy(records.toReversed(), keyOf);
  return [...groups].map(([key, those]) => [key, sumOf(those)] as const);
}

const noCache = { cache_creation_tokens: 0, cache_read_tokens: 0, cached_tokens: 0 };

/** The four reports of a set of usage records. */
function reportsOf(isIncluded: IsIncluded) {
  const select = <Query>({ engine, caller, query }: Asked<Query>, isInTime: (time: string, query: Query) => boolean) =>
    usageRecords(engine).filter((record) => isIncluded(record, caller) && isInTime(record.recorded_at, query));
  const ofMonth = (asked: Asked<MonthQuery>) => {
    const now = asked.engine.time();
    const { year = Number(now.slice(0, 4)), month = Number(now.slice(5, 7)) } = asked.query;
    const prefix = `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-`;
    return { year, month, records: select(asked, (time) => time.startsWith(prefix)) };
  };
  const ofDays = (asked: Asked<DaysQuery>) =>
    select(asked, (time, { start, end }) => time.slice(0, 10) >= start && time.slice(0, 10) <= end);
  return {
    month: (asked: Asked<MonthQuery>) => {
      const { year, month, records } = ofMonth(asked);
      const { input_tokens: total_input_tokens, output_tokens: total_output_tokens, cost_usd: total_cost_usd, ...rest } = sumOf(records);
      const cache = { total_cache_creation_tokens: 0, total_cache_read_tokens: 0, total_cached_tokens: 0 };
      return { year, month, total_input_tokens, total_output_tokens, ...cache, total_cost_usd, ...rest };
    },
    days: (asked: Asked<DaysQuery>) => ({
      status: 200 as const,
      body: groupsOf(ofDays(asked), ({ recorded_at: time }) => time.slice(0, 10)).map(([date, used]) => ({ date, ...used })),
    }),
    hours: (asked: Asked<DaysQuery>) => ({
      status: 200 as const,
      body: groupsOf(ofDays(asked), ({ recorded_at: time }) => `${time.slice(0, 13)}:00:00.000Z`).map(([hour, used]) => ({
        hour,
        ...used,
      })),
    }),
    models: (asked: Asked<MonthQuery>) => ({
      status: 200 as const,
      body: groupsOf(ofMonth(asked).records, ({ model }) => model)
        .map(([model, used]) => ({ model, ...used, ...noCache }))
        .sort((a, b) => b.input_tokens + b.output_tokens - a.input_tokens - a.output_tokens),
    }),
  };
}

const exported =
  (isIncluded: IsIncluded) =>
  ({ engine, caller, query: { start, end, format } }: Asked<UsageExportQuery>) => {
    const isInRange = ({ recorded_at: at }: UsageRecord) => at.slice(0, 10) >= start && at.slice(0, 10) <= end;
    const records = usageRecords(engine).filter((record) => isIncluded(record, caller) && isInRange(record));
    const rows = records.toReversed().map((record) => ({ ...record, usage_type: 'llm', ...noCache }));
    return exportOf(`usage-${start}-${end}`, rows, usageRecordFields, format);
  };

/** Limits are those of a server without settings. */
function storageOf({ state }: Context['engine'], accountId: string) {
  const messages = state.rows(messageKind, ({ value }) => value.account_id === accountId);
  const files = [...state.files.values()].filter(({ owner }) => owner === accountId);
  const of = (used_bytes: number, limit_bytes = 2 * 2 ** 30) => ({ used_bytes, limit_bytes });
  return {
    attachments: of(files.reduce((sum, { bytes }) => sum + bytes.byteLength, 0)),
    events: of(0, 10 * 2 ** 30),
    messages: of(
      messages.reduce((sum, { value }) => sum + 256 + new TextEncoder().encode(value.content as string).length, 0),
      2 ** 30,
    ),
    workspaces: of(0),
  };
}

const own = reportsOf(({ account_id, user_id }, { accountId, user }) => account_id === accountId && user_id === user.id);
const account = reportsOf(({ account_id }, { accountId }) => account_id === accountId);
const platform = reportsOf(() => true);

const monthly = (reports: typeof own) => (asked: Asked<MonthQuery>) => {
  const { accountId: account_id } = asked.caller;
  return { status: 200 as const, body: { account_id, ...reports.month(asked), storage: storageOf(asked.engine, account_id) } };
};

export const usage: RouteHandlers<typeof routes> = {
  ...{ mine: monthly(own), mineDaily: own.days, mineHourly: own.hours, mineByModel: own.models },
  ...{ ofAccount: monthly(account), ofAccountDaily: account.days, ofAccountHourly: account.hours, ofAccountByModel: account.models },
  ...{ summary: (asked) => ({ status: 200, body: platform.month(asked) }), daily: platform.days, hourly: platform.hours },
  byModel: platform.models,
  exportOfAccount: exported(({ account_id }, { accountId }) => account_id === accountId),
  export: exported(() => true),
  // The mock charges no chat completions.
  ofChatCompletions: () => ({ status: 200, body: [] }),
};
