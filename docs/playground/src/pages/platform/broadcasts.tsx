import { useState } from 'react';
import type { Broadcast } from '../../../../../client/index.ts';
import { count, When } from '../../components/format.tsx';
import { Page } from '../../components/page.tsx';
import { Empty } from '../../components/states.tsx';
import type { Column } from '../../components/table.tsx';
import { ConfirmDialog, FormDialog, useDialog } from '../../resource/dialogs.tsx';
import { List, useList } from '../../resource/list.tsx';
import { client } from '../../session.ts';
import { Badge, Button } from '../../ui/buttons.tsx';
import { Segments, TextArea, TextField } from '../../ui/fields.tsx';
import { textOf } from '../../ui/form.tsx';
import { AccountField } from './accounts/accountField.tsx';
import { AccountName } from './names.tsx';

const changes = [['broadcasts']];
const isUnderway = ({ status }: Broadcast) => status === 'pending' || status === 'sending';

export default function Broadcasts() {
  const [dialog, open] = useDialog();
  const broadcasts = useList(
    ['broadcasts'],
    (page) => client.broadcasts.list({ query: page }),
    // Follows the progress of broadcasts that are being sent.
    (rows) => (rows.some(isUnderway) ? 1_500 : false),
  );
  const add = (
    <Button kind="primary" icon="add" onClick={() => open((close) => <NewBroadcast onClose={close} />)}>
      New broadcast
    </Button>
  );
  return (
    <Page title="Broadcasts" intro="Notifications to all users, or to the members of one account." actions={add}>
      <List
        caption="Broadcasts"
        query={broadcasts}
        columns={columns}
        keyOf={({ id }) => id}
        nameOf={({ title }) => title}
        actionsOf={(broadcast) => [
          {
            label: 'Delete',
            icon: 'remove',
            isDangerous: true,
            run: () => open((close) => <Delete broadcast={broadcast} onClose={close} />),
          },
        ]}
        empty={
          <Empty title="No broadcasts yet" action={add}>
            Announce maintenance, a new model or a new price: every user finds it in their notifications.
          </Empty>
        }
      />
      {dialog}
    </Page>
  );
}

function NewBroadcast({ onClose }: { onClose: () => void }) {
  const [target, choose] = useState<'all' | 'account'>('all');
  return (
    <FormDialog
      title="New broadcast"
      submit="Send"
      changes={changes}
      done="Broadcast is being sent"
      onClose={onClose}
      onSubmit={(values) =>
        client.broadcasts.create({
          body: {
            type: textOf(values, 'type'),
            title: textOf(values, 'title'),
            body: textOf(values, 'body'),
            target: target === 'all' ? 'all' : textOf(values, 'target'),
          },
        })
      }
    >
      <Segments
        label="Recipients"
        value={target}
        onChange={choose}
        options={[
          ['all', 'All users'],
          ['account', 'One account'],
        ]}
      />
      {target === 'account' && <AccountField name="target" />}
      <TextField label="Title" name="title" maxLength={200} required />
      <TextArea label="Message" name="body" rows={5} maxLength={10_000} required />
      <TextField
        label="Type"
        name="type"
        defaultValue="announcement"
        hint="For programs that filter notifications."
        maxLength={64}
        required
      />
    </FormDialog>
  );
}

const Delete = ({ broadcast, onClose }: { broadcast: Broadcast; onClose: () => void }) => (
  <ConfirmDialog
    title={`Delete “${broadcast.title}”?`}
    confirm="Delete"
    changes={changes}
    done="Broadcast deleted"
    onClose={onClose}
    action={() => client.broadcasts.delete({ params: { broadcast_id: broadcast.id } })}
  >
    Its notifications disappear immediately, also those that were read.
  </ConfirmDialog>
);

const tones = { pending: '', sending: 'accent', completed: 'good', failed: 'danger' } as const;

const columns: Column<Broadcast>[] = [
  {
    title: 'Message',
    cell: ({ title, body }) => (
      <div className="excerpt">
        {title}
        <div className="muted small">{body}</div>
      </div>
    ),
  },
  {
    title: 'Recipients',
    cell: ({ target_id }) => (target_id === null ? 'All users' : <AccountName id={target_id} />),
  },
  { title: 'Status', cell: ({ status }) => <Badge tone={tones[status]}>{status}</Badge> },
  { title: 'Sent', isNumber: true, cell: ({ sent_count }) => count(sent_count) },
  { title: 'Created', cell: ({ created_at }) => <When at={created_at} /> },
];
