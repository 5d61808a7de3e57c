import { useQuery } from '@tanstack/react-query';
import type { StorageUsage } from '../../../../../client/index.ts';
import { asWords, fileSize } from '../../components/format.tsx';
import { Page, Section } from '../../components/page.tsx';
import { QueryState } from '../../components/states.tsx';
import { type Column, Table } from '../../components/table.tsx';
import { client } from '../../session.ts';
import { UsageReport } from './report.tsx';

export default function Usage() {
  return (
    <Page title="Usage" intro="What your runs have used: tokens, cost and storage.">
      <UsageReport />
      <Stored />
    </Page>
  );
}

function Stored() {
  const month = useQuery({ queryKey: ['usage', 'month'], queryFn: () => client.usage.mine() });
  return (
    <Section title="Storage of the workspace">
      <QueryState query={{ ...month, data: month.data && Object.entries(month.data.storage) }}>
        {(rows) => <Table caption="Storage of the workspace" columns={stored} rows={rows} keyOf={([name]) => name} />}
      </QueryState>
    </Section>
  );
}

const stored: Column<[name: string, StorageUsage['messages']]>[] = [
  { title: 'Data', cell: ([name]) => (name === 'workspaces' ? 'Files of projects' : asWords(name)) },
  { title: 'Used', isNumber: true, cell: ([, { used_bytes: used }]) => fileSize(used) },
  { title: 'Limit', isNumber: true, cell: ([, { limit_bytes: limit }]) => (limit === null ? 'None' : fileSize(limit)) },
];
