import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import type { UserAccount, UserDetail } from '../../../../../../client/index.ts';
import { asWords, When } from '../../../components/format.tsx';
import { Page, Section } from '../../../components/page.tsx';
import { Empty, QueryState } from '../../../components/states.tsx';
import type { Column } from '../../../components/table.tsx';
import { useMe } from '../../../me.ts';
import { BackLink, Facts, PageActions } from '../../../resource/detail.tsx';
import { useDialog } from '../../../resource/dialogs.tsx';
import { Rows } from '../../../resource/resourceList.tsx';
import { client } from '../../../session.ts';
import { Badge, CopyableId } from '../../../ui/buttons.tsx';
import { userActions } from './actions.tsx';

/** A user with their accounts. */
export function User({ userId }: { userId: string }) {
  const me = useMe().data;
  const user = useQuery({ queryKey: ['users', userId], queryFn: () => client.users.get({ params: { user_id: userId } }) });
  const [dialog, open] = useDialog();
  const data = user.data;
  return (
    <Page
      title={data?.username ?? 'User'}
      back={<BackLink href="/settings/users">All users</BackLink>}
      actions={data && <PageActions of={data.username} actions={userActions(data, open, data.id === me?.id)} />}
    >
      <QueryState query={user}>
        {(found) => (
          <>
            <Summary user={found} />
            <Section title="Accounts">
              <Rows
                caption="Accounts"
                query={{ ...user, data: found.accounts }}
                columns={columns}
                keyOf={({ account_id }) => account_id}
                empty={<Empty title="No accounts">This user is a member of no account.</Empty>}
              />
            </Section>
          </>
        )}
      </QueryState>
      {dialog}
    </Page>
  );
}

const Summary = ({ user }: { user: UserDetail }) => (
  <Facts
    facts={[
      [
        'Status',
        <span key="status">
          <Badge tone={user.status === 'active' ? 'good' : 'warning'}>{user.status}</Badge>{' '}
          {user.is_platform_admin && <Badge tone="accent">Administrator</Badge>}
        </span>,
      ],
      ['Login', user.login],
      [
        'Email',
        user.email !== null && (
          <span key="email">
            {user.email} {user.email_verified_at === null && <Badge tone="warning">Not verified</Badge>}
          </span>
        ),
      ],
      ['Last seen', user.last_login_at === null ? 'Never' : <When key="seen" at={user.last_login_at} />],
      ['Registered', <When key="registered" at={user.created_at} />],
      ['Language', user.locale],
      ['Time zone', user.timezone],
      [
        'Activity',
        <Link key="activity" href={`/settings/platform-audit?actor=${user.id}`}>
          Show in the audit log
        </Link>,
      ],
      ['ID', <CopyableId key="id" id={user.id} />],
    ]}
  />
);

const columns: Column<UserAccount>[] = [
  { title: 'Name', cell: ({ account_id, name }) => <Link href={`/settings/accounts/${account_id}`}>{name}</Link> },
  { title: 'Type', cell: ({ type }) => asWords(type) },
  { title: 'Role', cell: ({ role }) => asWords(role) },
];
