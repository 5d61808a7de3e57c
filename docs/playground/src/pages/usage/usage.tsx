import { useQuery } from '@tanstack/react-query';
import type { CreditTransaction, StorageUsage } from '../../../../../client/index.ts';
import { count, fileSize, When } from '../../components/format.tsx';
import { Page, Section } from '../../components/page.tsx';
import { More, usePages } from '../../components/paging.tsx';
import { Empty, QueryState } from '../../components/states.tsx';
import { type Column, Table } from '../../components/table.tsx';
import { client } from '../../session.ts';
import { UsageReport } from './report.tsx';

/** Credits and usage. */
export default function Usage() {
  const credits = usePages(['credits'], (before) => client.credits.mine({ query: { before } }));
  const pages = credits.data?.pages;
  return (
    <Page title="Credits and usage" intro="What your runs have used, and the credits that are left.">
      <QueryState query={{ ...credits, data: pages?.[0] }}>
        {({ available, reserved }) => (
          <p className="figure">
            <strong>{count(available)}</strong> credits left{reserved > 0 && `, ${count(reserved)} reserved by active runs`}
          </p>
        )}
      </QueryState>
      <UsageReport />
      <Stored />
      <Section title="Credit transactions">
        <QueryState
          query={{ ...credits, data: pages?.flatMap(({ transactions }) => transactions) }}
          empty={<Empty title="No transactions yet">Added and used credits appear here.</Empty>}
        >
          {(rows) => <Table caption="Credit transactions" columns={ledger} rows={rows} keyOf={({ id }) => id} />}
        </QueryState>
        <More query={credits} />
      </Section>
    </Page>
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

const ledger: Column<CreditTransaction>[] = [
  { title: 'When', cell: ({ created_at }) => <When at={created_at} /> },
  { title: 'Description', cell: ({ reference_type, thread_title, note }) => thread_title ?? note ?? reference_type.replaceAll('_', ' ') },
  { title: 'Credits', isNumber: true, cell: ({ amount }) => (amount > 0 ? `+${count(amount)}` : count(amount)) },
];
