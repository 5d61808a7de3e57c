import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { ApiKey, CreatedApiKey, Me } from '../../../../client/index.ts';
import { When } from '../components/format.tsx';
import { Page } from '../components/page.tsx';
import { More, rowsOf, usePages } from '../components/paging.tsx';
import { Scrolling } from '../components/scrolling.tsx';
import { Empty, QueryState } from '../components/states.tsx';
import { type Column, Table } from '../components/table.tsx';
import { useMe } from '../me.ts';
import { client } from '../session.ts';
import { Badge, Button, Copyable } from '../ui/buttons.tsx';
import { Confirm, Dialog } from '../ui/dialog.tsx';
import { Checkbox, FieldSet, Segments, TextField } from '../ui/fields.tsx';
import { FieldError, Form, textOf } from '../ui/form.tsx';
import { MenuItem, RowMenu } from '../ui/menu.tsx';
import { showToast } from '../ui/toasts.tsx';
import { Agents } from './agents.tsx';

type Opened = { of: 'new' } | { of: 'shown'; key: CreatedApiKey } | { of: 'revoke'; key: ApiKey };

/** API keys of the user. */
export default function Keys() {
  const queries = useQueryClient();
  const me = useMe().data;
  const keys = usePages(['api-keys'], (before) => client.apiKeys.list({ query: { before } }));
  const [opened, open] = useState<Opened>();
  const close = () => open(undefined);
  const isEmpty = rowsOf(keys.data)?.length === 0;
  const changed = () => queries.invalidateQueries({ queryKey: ['api-keys'] });
  const add = (
    <Button kind="primary" icon="add" onClick={() => open({ of: 'new' })}>
      New key
    </Button>
  );
  return (
    <Page
      title="API keys"
      intro="For programs that act on your behalf in this account. A key is shown only once."
      actions={!isEmpty && add}
    >
      <QueryState
        query={{ ...keys, data: rowsOf(keys.data) }}
        empty={
          <Empty title="No keys yet" action={add}>
            With a key, your scripts and servers can call the API without a password.
          </Empty>
        }
      >
        {(rows) => (
          <Table caption="API keys" columns={columnsOf((key) => open({ of: 'revoke', key }))} rows={rows} keyOf={({ id }) => id} />
        )}
      </QueryState>
      <More query={keys} />
      <Agents />
      {opened?.of === 'new' && me && (
        <NewKey
          me={me}
          onClose={close}
          onCreated={async (key) => {
            open({ of: 'shown', key });
            await changed();
          }}
        />
      )}
      {opened?.of === 'shown' && <ShownKey created={opened.key} onClose={close} />}
      {opened?.of === 'revoke' && (
        <Confirm
          title={`Revoke “${opened.key.name}”?`}
          confirm="Revoke"
          onClose={close}
          onConfirm={async () => {
            await client.apiKeys.delete({ params: { id: opened.key.id } });
            await changed();
            showToast('Revoked');
          }}
        >
          <p>Requests with this key will be rejected. This cannot be undone.</p>
        </Confirm>
      )}
    </Page>
  );
}

const columnsOf = (revoke: (key: ApiKey) => void): Column<ApiKey>[] => [
  { title: 'Name', cell: ({ name }) => name },
  { title: 'Key', cell: ({ key_prefix }) => <code>{key_prefix}…</code> },
  { title: 'Permissions', cell: (key) => (key.inherits_permissions ? 'All of yours' : <Scopes scopes={key.scopes} />) },
  { title: 'Created', cell: ({ created_at }) => <When at={created_at} /> },
  { title: 'Last used', cell: ({ last_used_at }) => (last_used_at ? <When at={last_used_at} /> : 'Never') },
  {
    title: 'Actions',
    isActions: true,
    cell: (key) =>
      key.revoked_at ? (
        <Badge>Revoked</Badge>
      ) : (
        <RowMenu of={key.name}>
          <MenuItem icon="remove" danger onSelect={() => revoke(key)}>
            Revoke
          </MenuItem>
        </RowMenu>
      ),
  },
];

const Scopes = ({ scopes }: { scopes: readonly string[] }) => (
  <span title={scopes.join('\n')}>{scopes.length === 1 ? <code>{scopes[0]}</code> : `${scopes.length} permissions`}</span>
);

type NewKeyProps = { me: Me; onClose: () => void; onCreated: (key: CreatedApiKey) => Promise<unknown> };

function NewKey({ me, onClose, onCreated }: NewKeyProps) {
  const [rights, choose] = useState<'all' | 'some'>('all');
  return (
    <Dialog title="New key" onClose={onClose}>
      <Form
        submit="Create"
        onCancel={onClose}
        onSubmit={async (values) => {
          const scopes = rights === 'all' ? null : values.getAll('scope').map(String);
          if (scopes?.length === 0) throw new FieldError('scopes', 'Select at least one permission.');
          await onCreated(await client.apiKeys.create({ body: { name: textOf(values, 'name'), scopes } }));
        }}
      >
        <TextField label="Name" name="name" hint="For example, the program that uses it." required />
        <Segments
          label="Permissions of the key"
          value={rights}
          onChange={choose}
          options={[
            ['all', 'All my permissions'],
            ['some', 'Selected permissions'],
          ]}
        />
        {rights === 'some' && (
          <FieldSet label="Permissions" name="scopes">
            <Scrolling className="checks">
              {me.permissions.map((permission) => (
                <Checkbox key={permission} name="scope" value={permission} label={<code>{permission}</code>} />
              ))}
            </Scrolling>
          </FieldSet>
        )}
      </Form>
    </Dialog>
  );
}

const ShownKey = ({ created, onClose }: { created: CreatedApiKey; onClose: () => void }) => (
  <Dialog title={`Key “${created.name}”`} onClose={onClose}>
    <div className="form">
      <p>Copy it now. It cannot be shown again.</p>
      <Copyable text={created.key} label="Copy the key" />
      <div className="actions">
        <Button kind="primary" onClick={onClose}>
          Done
        </Button>
      </div>
    </div>
  </Dialog>
);
