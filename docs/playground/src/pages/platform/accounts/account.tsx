import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import type { AdminAccount, CreditTransaction } from '../../../../../../client/index.ts';
import { asWords, count, When } from '../../../components/format.tsx';
import { Page, Section } from '../../../components/page.tsx';
import { usePages } from '../../../components/paging.tsx';
import { Empty, QueryState } from '../../../components/states.tsx';
import type { Column } from '../../../components/table.tsx';
import { BackLink, Facts, PageActions } from '../../../resource/detail.tsx';
import { useDialog } from '../../../resource/dialogs.tsx';
import { List } from '../../../resource/list.tsx';
import { client } from '../../../session.ts';
import { Badge, CopyableId } from '../../../ui/buttons.tsx';
import { UserName } from '../names.tsx';
import { Daily } from '../usage/daily.tsx';
import { accountActions } from './actions.tsx';
import { IpRules } from './ipRules.tsx';
import { Overrides } from './overrides.tsx';
import { Subscriptions } from './subscription.tsx';

/** An account with its credits, plan and overrides. */
export function Account({ accountId }: { accountId: string }) {
  const account = useQuery({
    queryKey: ['accounts', accountId],
    queryFn: () => client.adminAccounts.get({ params: { account_id: accountId } }),
  });
  const [dialog, open] = useDialog();
  const data = account.data;
  return (
    <Page
      title={data?.name ?? 'Account'}
      back={<BackLink href="/settings/accounts">All accounts</BackLink>}
      actions={data && <PageActions of={data.name} actions={accountActions(data, open)} />}
    >
      <QueryState query={account}>
        {(found) => (
          <>
            <Summary account={found} />
            <Section title="Subscriptions">
              <Subscriptions accountId={found.id} />
            </Section>
            <Section title="Entitlement overrides">
              <Overrides account={found} />
            </Section>
            <Daily
              of={found.id}
              load={(query) => client.usage.ofAccountDaily({ params: { account_id: found.id }, query })}
              exported={(query) => client.usage.exportOfAccount({ params: { account_id: found.id }, query })}
            />
            <Section title="IP rules">
              <IpRules accountId={found.id} />
            </Section>
            <Section title="Ledger">
              <Ledger accountId={found.id} />
            </Section>
          </>
        )}
      </QueryState>
      {dialog}
    </Page>
  );
}

const Summary = ({ account }: { account: AdminAccount }) => (
  <Facts
    facts={[
      [
        'Status',
        <Badge key="status" tone={account.status === 'active' ? 'good' : 'warning'}>
          {account.status}
        </Badge>,
      ],
      ['Credits', `${count(account.available)}${account.reserved > 0 ? `, and ${count(account.reserved)} reserved by active runs` : ''}`],
      ['Type', asWords(account.type)],
      ['Members', count(account.members_count)],
      ['Owner', <UserName key="owner" id={account.owner_user_id} />],
      ['Created', <When key="created" at={account.created_at} />],
      ['ID', <CopyableId key="id" id={account.id} />],
    ]}
  />
);

function Ledger({ accountId }: { accountId: string }) {
  const credits = usePages(['accounts', accountId, 'credits'], (page) =>
    client.credits.ofAccount({ query: { account_id: accountId, ...page } }),
  );
  return (
    <List
      caption="Ledger"
      query={{ ...credits, data: credits.data?.pages.flatMap(({ transactions }) => transactions) }}
      columns={ledger}
      keyOf={({ id }) => id}
      empty={<Empty title="No transactions yet">Added and used credits appear here.</Empty>}
    />
  );
}

const ledger: Column<CreditTransaction>[] = [
  { title: 'When', cell: ({ created_at }) => <When at={created_at} /> },
  {
    title: 'Cause',
    cell: ({ reference_type, reference_id }) =>
      reference_type === 'run' && reference_id !== null ? (
        <Link href={`/settings/runs/${reference_id}`}>run</Link>
      ) : (
        asWords(reference_type)
      ),
  },
  { title: 'Note', cell: ({ note }) => note ?? '–' },
  { title: 'Credits', isNumber: true, cell: ({ amount }) => (amount > 0 ? `+${count(amount)}` : count(amount)) },
];
