import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { ApiKey, CreatedApiKey, Me } from '../../../../client/index.ts';
import { useMe } from '../me.ts';
import { Badge, Button, Copyable } from '../parts/buttons.tsx';
import { Confirm, Dialog } from '../parts/dialog.tsx';
import { Check, Form, Segments, TextField, textOf } from '../parts/fields.tsx';
import { When } from '../parts/format.tsx';
import { Page } from '../parts/page.tsx';
import { More, rowsOf, usePages } from '../parts/paging.tsx';
import { Empty, problemOf, QueryState } from '../parts/states.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { say } from '../parts/toasts.tsx';
import { client } from '../session.ts';

type Opened = { of: 'new' } | { of: 'shown'; key: CreatedApiKey } | { of: 'revoke'; key: ApiKey };

/** The keys of programs that act for you. */
export default function Keys() {
  const queries = useQueryClient();
  const me = useMe().data;
  const keys = usePages(['api-keys'], (before) => client.apiKeys.list({ query: { before } }));
  const [opened, open] = useState<Opened>();
  const close = () => open(undefined);
  const changed = () => queries.invalidateQueries({ queryKey: ['api-keys'] });
  const add = (
    <Button kind="primary" icon="add" onClick={() => open({ of: 'new' })}>
      New key
    </Button>
  );
  return (
    <Page title="API keys" intro="For programs that act for you in this account. A key is shown once." actions={add}>
      <QueryState
        query={{ ...keys, data: rowsOf(keys.data) }}
        empty={<Empty title="No keys yet">A key lets a script or a server of yours call the API without a password.</Empty>}
      >
        {(rows) => (
          <Table caption="API keys" columns={columnsOf((key) => open({ of: 'revoke', key }))} rows={rows} keyOf={({ id }) => id} />
        )}
      </QueryState>
      <More query={keys} />
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
            say('Revoked');
          }}
        >
          <p>What uses this key is refused from now on. That cannot be undone.</p>
        </Confirm>
      )}
    </Page>
  );
}

const columnsOf = (revoke: (key: ApiKey) => void): Column<ApiKey>[] => [
  { title: 'Name', cell: ({ name }) => name },
  { title: 'Key', cell: ({ key_prefix }) => <code>{key_prefix}…</code> },
  { title: 'May do', cell: (key) => (key.inherits_permissions ? 'all that you may' : <Scopes scopes={key.scopes} />) },
  { title: 'Created', cell: ({ created_at }) => <When at={created_at} /> },
  { title: 'Last used', cell: ({ last_used_at }) => (last_used_at ? <When at={last_used_at} /> : 'never') },
  {
    title: 'Revoke',
    isActions: true,
    cell: (key) =>
      key.revoked_at ? (
        <Badge>revoked</Badge>
      ) : (
        <Button kind="quiet" onClick={() => revoke(key)} aria-label={`Revoke ${key.name}`}>
          Revoke
        </Button>
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
          await onCreated(await client.apiKeys.create({ body: { name: textOf(values, 'name'), scopes } }));
        }}
      >
        {(error) => (
          <>
            <TextField label="Name" name="name" hint="What will use it." required problem={problemOf(error, 'name')} />
            <Segments
              label="What the key may do"
              value={rights}
              onChange={choose}
              options={[
                ['all', 'All that I may'],
                ['some', 'Only some of it'],
              ]}
            />
            {rights === 'some' && (
              <fieldset className="choices">
                <legend>Permissions</legend>
                {me.permissions.map((permission) => (
                  <Check key={permission} name="scope" value={permission} label={<code>{permission}</code>} />
                ))}
              </fieldset>
            )}
          </>
        )}
      </Form>
    </Dialog>
  );
}

const ShownKey = ({ created, onClose }: { created: CreatedApiKey; onClose: () => void }) => (
  <Dialog title={`The key “${created.name}”`} onClose={onClose}>
    <div className="form">
      <p>Copy it now. It is not kept anywhere, and cannot be shown again.</p>
      <Copyable text={created.key} label="Copy the key" />
      <div className="actions">
        <Button kind="primary" onClick={onClose}>
          Done
        </Button>
      </div>
    </div>
  </Dialog>
);
