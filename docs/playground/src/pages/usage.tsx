import { useQuery } from '@tanstack/react-query';
import type { CreditTransaction, DailyUsage, ModelUsage, StorageUsage } from '../../../../client/index.ts';
import { BarChart } from '../components/bars.tsx';
import { count, fileSize, When } from '../components/format.tsx';
import { Page, Section } from '../components/page.tsx';
import { More, usePages } from '../components/paging.tsx';
import { Empty, QueryState } from '../components/states.tsx';
import { type Column, Table } from '../components/table.tsx';
import { client } from '../session.ts';

/** Days in the chart, including today. */
const days = 30;

/** Credits and usage. */
export default function Usage() {
  const credits = usePages(['credits'], (before) => client.credits.mine({ query: { before } }));
  const pages = credits.data?.pages;
  return (
    <Page title="Credits and usage" intro="The credits of this account and the usage of your runs.">
      <QueryState query={{ ...credits, data: pages?.[0] }}>
        {({ available, reserved }) => (
          <p className="figure">
            <strong>{count(available)}</strong> credits left{reserved > 0 && `, ${count(reserved)} reserved by active runs`}
          </p>
        )}
      </QueryState>
      <Daily />
      <ByModel />
      <Stored />
      <Section title="Ledger">
        <QueryState
          query={{ ...credits, data: pages?.flatMap(({ transactions }) => transactions) }}
          empty={<Empty title="No transactions yet">Added and used credits appear here.</Empty>}
        >
          {(rows) => <Table caption="Ledger" columns={ledger} rows={rows} keyOf={({ id }) => id} />}
        </QueryState>
        <More query={credits} />
      </Section>
    </Page>
  );
}

function Daily() {
  const [start, end] = [dayOf(1 - days), dayOf(1)];
  const daily = useQuery({ queryKey: ['usage', 'daily', start], queryFn: () => client.usage.mineDaily({ query: { start, end } }) });
  return (
    <Section title={`Tokens in the last ${days} days`}>
      <QueryState query={daily}>
        {(rows) => (
          <BarChart
            caption="Tokens by day"
            bars={everyDay(rows).map(({ date, input_tokens, output_tokens, cost_usd }) => ({
              name: date,
              value: input_tokens + output_tokens,
              label: `${count(input_tokens)} in, ${count(output_tokens)} out, ${dollars(cost_usd)}`,
            }))}
          />
        )}
      </QueryState>
    </Section>
  );
}

function ByModel() {
  const models = useQuery({ queryKey: ['usage', 'models'], queryFn: () => client.usage.mineByModel() });
  return (
    <Section title="This month, by model">
      <QueryState query={models} empty={<Empty title="No runs this month" />}>
        {(rows) => <Table caption="Usage by model" columns={byModel} rows={rows} keyOf={({ model }) => model} />}
      </QueryState>
    </Section>
  );
}

function Stored() {
  const month = useQuery({ queryKey: ['usage', 'month'], queryFn: () => client.usage.mine() });
  return (
    <Section title="Storage of the account">
      <QueryState query={{ ...month, data: month.data && Object.entries(month.data.storage) }}>
        {(rows) => <Table caption="Storage of the account" columns={stored} rows={rows} keyOf={([name]) => name} />}
      </QueryState>
    </Section>
  );
}

const stored: Column<[name: string, StorageUsage['messages']]>[] = [
  { title: 'Data', cell: ([name]) => name[0]!.toUpperCase() + name.slice(1) },
  { title: 'Used', isNumber: true, cell: ([, { used_bytes: used }]) => fileSize(used) },
  { title: 'Limit', isNumber: true, cell: ([, { limit_bytes: limit }]) => (limit === null ? 'None' : fileSize(limit)) },
];

const byModel: Column<ModelUsage>[] = [
  { title: 'Model', cell: ({ model }) => <code>{model}</code> },
  { title: 'Calls', isNumber: true, cell: ({ record_count }) => count(record_count) },
  { title: 'Tokens in', isNumber: true, cell: ({ input_tokens }) => count(input_tokens) },
  { title: 'Tokens out', isNumber: true, cell: ({ output_tokens }) => count(output_tokens) },
  { title: 'Cost', isNumber: true, cell: ({ cost_usd }) => dollars(cost_usd) },
];

const ledger: Column<CreditTransaction>[] = [
  { title: 'When', cell: ({ created_at }) => <When at={created_at} /> },
  { title: 'Description', cell: ({ reference_type, thread_title, note }) => thread_title ?? note ?? reference_type.replaceAll('_', ' ') },
  { title: 'Credits', isNumber: true, cell: ({ amount }) => (amount > 0 ? `+${count(amount)}` : count(amount)) },
];

/** The UTC date `offset` days from today. */
const dayOf = (offset: number) => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);

/** Adds the days without usage, which the response omits. */
function everyDay(rows: readonly DailyUsage[]): Omit<DailyUsage, 'record_count'>[] {
  const known = new Map(rows.map((row) => [row.date, row]));
  return Array.from({ length: days }, (_, index) => dayOf(index + 1 - days)).map(
    (date) => known.get(date) ?? { date, input_tokens: 0, output_tokens: 0, cost_usd: 0 },
  );
}

const dollars = (value: number) => `$${value.toFixed(value === 0 || value >= 1 ? 2 : 4)}`;
