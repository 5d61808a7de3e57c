import { useState } from 'react';
import type { User } from '../../../../client/index.ts';
import { When } from '../components/format.tsx';
import { Page } from '../components/page.tsx';
import { More, rowsOf, usePages } from '../components/paging.tsx';
import { Empty, QueryState } from '../components/states.tsx';
import { type Column, Table } from '../components/table.tsx';
import { client } from '../session.ts';
import { Badge, Button } from '../ui/buttons.tsx';
import { Segments, TextField } from '../ui/fields.tsx';
import { UserPanel } from './users/userPanel.tsx';

type Shown = 'all' | User['status'];

export default function Users() {
  const [text, search] = useState('');
  const [status, choose] = useState<Shown>('all');
  const [opened, open] = useState<string>();
  const query = { q: text.trim() || undefined, status: status === 'all' ? undefined : status };
  const users = usePages(['users', query], (before) => client.users.list({ query: { ...query, before } }));
  return (
    <Page title="Users" intro="All users of this platform.">
      <search className="filters">
        <TextField
          label="Search"
          type="search"
          placeholder="Name, login or email"
          value={text}
          onChange={({ currentTarget }) => search(currentTarget.value)}
        />
        <Segments
          label="Status"
          value={status}
          onChange={choose}
          options={[
            ['all', 'All'],
            ['active', 'Active'],
            ['suspended', 'Suspended'],
          ]}
        />
      </search>
      <QueryState query={{ ...users, data: rowsOf(users.data) }} empty={<Empty title="No matching users" />}>
        {(rows) => <Table caption="Users" columns={columnsOf(open)} rows={rows} keyOf={({ id }) => id} />}
      </QueryState>
      <More query={users} />
      {opened !== undefined && <UserPanel userId={opened} onClose={() => open(undefined)} />}
    </Page>
  );
}

const columnsOf = (open: (userId: string) => void): Column<User>[] => [
  {
    title: 'Name',
    cell: ({ username, login, is_platform_admin }) => (
      <>
        {username} {is_platform_admin && <Badge tone="accent">administrator</Badge>}
        {login && login !== username && <div className="muted small">{login}</div>}
      </>
    ),
  },
  { title: 'Email', cell: ({ email }) => email ?? '–' },
  { title: 'Status', cell: ({ status }) => <Badge tone={status === 'active' ? 'good' : 'warning'}>{status}</Badge> },
  { title: 'Last seen', cell: ({ last_login_at }) => (last_login_at ? <When at={last_login_at} /> : 'never') },
  {
    title: 'Open',
    isActions: true,
    cell: ({ id, username }) => (
      <Button kind="ghost" onClick={() => open(id)} aria-label={`Open ${username}`}>
        Open
      </Button>
    ),
  },
];
