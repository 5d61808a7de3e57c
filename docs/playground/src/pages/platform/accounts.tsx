import { Link } from 'wouter';
import type { AdminAccount } from '../../../../../client/index.ts';
import { asWords, count, When } from '../../components/format.tsx';
import { Page } from '../../components/page.tsx';
import { Empty } from '../../components/states.tsx';
import type { Column } from '../../components/table.tsx';
import { PageActions } from '../../resource/detail.tsx';
import { useDialog } from '../../resource/dialogs.tsx';
import { ChoiceFilter, SearchFilter, StatusFilter, statusOf, useFilters } from '../../resource/filters.tsx';
import { List, useList } from '../../resource/list.tsx';
import { client } from '../../session.ts';
import { Badge } from '../../ui/buttons.tsx';
import { Account } from './accounts/account.tsx';
import { accountActions } from './accounts/actions.tsx';
import { BulkCredits } from './accounts/bulkCredits.tsx';

export default function Accounts({ id }: { id?: string | undefined }) {
  return id === undefined ? <AllAccounts /> : <Account accountId={id} />;
}

function AllAccounts() {
  const [dialog, open] = useDialog();
  const filters = useFilters('q', 'status', 'type');
  const query = {
    q: filters.text('q'),
    status: statusOf(filters),
    type: filters.oneOf('type', ['personal', 'workspace']),
  };
  const accounts = useList(['accounts', query], (page) => client.adminAccounts.list({ query: { ...query, ...page } }));
  return (
    <Page
      title="Accounts"
      intro="Every account of this platform, with its balance. Suspend an account, adjust its credits, or give it a plan."
      actions={
        <PageActions
          of="all accounts"
          actions={[
            { label: 'Adjust all credits', icon: 'edit', run: () => open((close) => <BulkCredits onClose={close} />) },
            {
              label: 'Reset all credits',
              icon: 'retry',
              run: () => open((close) => <BulkCredits reset onClose={close} />),
              isDangerous: true,
            },
          ]}
        />
      }
    >
      <List
        caption="Accounts"
        query={accounts}
        columns={columns}
        keyOf={({ id }) => id}
        nameOf={({ name }) => name}
        actionsOf={(account) => accountActions(account, open)}
        filters={filters}
        empty={<Empty title="No accounts yet">An account is created with every user who registers.</Empty>}
      >
        <SearchFilter filters={filters} placeholder="Name or slug" />
        <StatusFilter filters={filters} />
        <ChoiceFilter
          filters={filters}
          label="Type"
          name="type"
          options={[
            ['personal', 'Personal'],
            ['workspace', 'Workspace'],
          ]}
        />
      </List>
      {dialog}
    </Page>
  );
}

const columns: Column<AdminAccount>[] = [
  {
    title: 'Name',
    cell: ({ id, name, slug, status }) => (
      <>
        <Link href={`/settings/accounts/${id}`}>{name}</Link> {status === 'suspended' && <Badge tone="warning">Suspended</Badge>}
        <div className="muted small">{slug}</div>
      </>
    ),
  },
  { title: 'Type', cell: ({ type }) => asWords(type) },
  { title: 'Members', isNumber: true, cell: ({ members_count }) => count(members_count) },
  { title: 'Credits', isNumber: true, cell: ({ available }) => count(available) },
  { title: 'Created', cell: ({ created_at }) => <When at={created_at} /> },
];
