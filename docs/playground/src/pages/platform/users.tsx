import { Link } from 'wouter';
import type { User as UserRow } from '../../../../../client/index.ts';
import { When } from '../../components/format.tsx';
import { Page } from '../../components/page.tsx';
import { Empty } from '../../components/states.tsx';
import type { Column } from '../../components/table.tsx';
import { useMe } from '../../me.ts';
import { useDialog } from '../../resource/dialogs.tsx';
import { SearchFilter, StatusFilter, statusOf, useFilters } from '../../resource/filters.tsx';
import { List, useList } from '../../resource/list.tsx';
import { client } from '../../session.ts';
import { Badge } from '../../ui/buttons.tsx';
import { userActions } from './users/actions.tsx';
import { User } from './users/user.tsx';

export default function Users({ id }: { id?: string | undefined }) {
  return id === undefined ? <AllUsers /> : <User userId={id} />;
}

function AllUsers() {
  const me = useMe().data;
  const [dialog, open] = useDialog();
  const filters = useFilters('q', 'status');
  const query = { q: filters.text('q'), status: statusOf(filters) };
  const users = useList(['users', query], (page) => client.users.list({ query: { ...query, ...page } }));
  return (
    <Page title="Users" intro="Everybody who can sign in. Suspend or delete a user, or make them an administrator of the platform.">
      <List
        caption="Users"
        query={users}
        columns={columns}
        keyOf={({ id }) => id}
        nameOf={({ username }) => username}
        actionsOf={(user) => userActions(user, open, user.id === me?.id)}
        filters={filters}
        empty={<Empty title="No users yet">Users appear here when they register.</Empty>}
      >
        <SearchFilter filters={filters} placeholder="Name, login or email" />
        <StatusFilter filters={filters} />
      </List>
      {dialog}
    </Page>
  );
}

const columns: Column<UserRow>[] = [
  {
    title: 'Name',
    cell: ({ id, username, login, is_platform_admin }) => (
      <>
        <Link href={`/settings/users/${id}`}>{username}</Link> {is_platform_admin && <Badge tone="accent">Administrator</Badge>}
        {login !== null && login !== username && <div className="muted small">{login}</div>}
      </>
    ),
  },
  { title: 'Email', cell: ({ email }) => email ?? '–' },
  { title: 'Status', cell: ({ status }) => <Badge tone={status === 'active' ? 'good' : 'warning'}>{status}</Badge> },
  { title: 'Last seen', cell: ({ last_login_at }) => (last_login_at ? <When at={last_login_at} /> : 'Never') },
];
