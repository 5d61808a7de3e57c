import { useState } from 'react';
import type { Account } from '../../../../../client/index.ts';
import { switchAccount } from '../../account.ts';
import { asWords, When } from '../../components/format.tsx';
import { Page } from '../../components/page.tsx';
import { usePages } from '../../components/paging.tsx';
import { Empty } from '../../components/states.tsx';
import type { Column } from '../../components/table.tsx';
import { useMe } from '../../me.ts';
import { FormDialog, useDialog } from '../../resource/dialogs.tsx';
import { PagedRows } from '../../resource/resourceList.tsx';
import { client } from '../../session.ts';
import { Badge, Button } from '../../ui/buttons.tsx';
import { TextField } from '../../ui/fields.tsx';
import { textOf } from '../../ui/form.tsx';
import { accountKey } from './account.ts';

export const accountsKey = ['accounts'];

/** The accounts of the user. One of them is active. */
export default function Workspaces() {
  const me = useMe().data;
  const accounts = usePages(accountsKey, (page) => client.accounts.mine({ query: page }));
  const [dialog, open] = useDialog();
  const columns: Column<Account>[] = [
    {
      title: 'Name',
      cell: ({ id, name, slug, type, status }) => (
        <>
          {name} {id === me?.account_id && <Badge tone="accent">Current</Badge>}{' '}
          {status === 'suspended' && <Badge tone="warning">Suspended</Badge>}
          <div className="muted small">{type === 'personal' ? 'Personal workspace' : slug}</div>
        </>
      ),
    },
    { title: 'Your role', cell: ({ role }) => (role === null ? '–' : asWords(role)) },
    { title: 'Created', cell: ({ created_at }) => <When at={created_at} /> },
    {
      title: 'Switch',
      isActions: true,
      cell: ({ id, name }) =>
        id !== me?.account_id && (
          <Button kind="ghost" onClick={() => switchAccount(id, '/settings/members')} aria-label={`Switch to ${name}`}>
            Switch
          </Button>
        ),
    },
  ];
  return (
    <Page
      title="Workspaces"
      intro="Each workspace has its own members, models, chats and credits. You work in one at a time."
      actions={
        <Button kind="primary" icon="add" onClick={() => open((close) => <NewWorkspace onClose={close} />)}>
          New workspace
        </Button>
      }
    >
      <PagedRows
        query={accounts}
        caption="Workspaces"
        columns={columns}
        keyOf={({ id }) => id}
        empty={<Empty title="No workspaces yet">With a workspace you share models, tools and projects.</Empty>}
      />
      {dialog}
    </Page>
  );
}

/** Lower-case letters, digits and single hyphens. */
const slugOf = (name: string) =>
  name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .split('-')
    .filter(Boolean)
    .join('-')
    .slice(0, 60);

/** Creates a workspace and switches to it. */
export function NewWorkspace({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('');
  const [slug, setSlug] = useState<string>();
  return (
    <FormDialog
      title="New workspace"
      submit="Create"
      fieldOf={{ slug_taken: 'slug' }}
      changes={[accountsKey, accountKey]}
      onClose={onClose}
      onSubmit={async (values) => {
        const { id } = await client.accounts.create({ body: { name: textOf(values, 'name'), slug: textOf(values, 'slug') } });
        switchAccount(id, '/settings/members');
      }}
    >
      <TextField
        label="Name"
        name="name"
        value={name}
        onChange={({ currentTarget }) => setName(currentTarget.value)}
        placeholder="Harbor team"
        required
      />
      <TextField
        label="Short name"
        name="slug"
        value={slug ?? slugOf(name)}
        onChange={({ currentTarget }) => setSlug(currentTarget.value)}
        hint="Lower-case letters, digits and hyphens. It cannot be changed later."
        required
      />
    </FormDialog>
  );
}
