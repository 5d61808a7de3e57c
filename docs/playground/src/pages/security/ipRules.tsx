import { useState } from 'react';
import { ApiError, type IpRule } from '../../../../../client/index.ts';
import { When } from '../../components/format.tsx';
import { Page } from '../../components/page.tsx';
import { usePages } from '../../components/paging.tsx';
import { Empty } from '../../components/states.tsx';
import type { Column } from '../../components/table.tsx';
import { FormDialog, useDialog } from '../../resource/dialogs.tsx';
import { PagedRows } from '../../resource/resourceList.tsx';
import { client } from '../../session.ts';
import { Badge, Button } from '../../ui/buttons.tsx';
import { Checkbox, TextField } from '../../ui/fields.tsx';
import { textOf } from '../../ui/form.tsx';
import { Select } from '../../ui/select.tsx';

const rulesKey = ['ip-rules'];

/** The networks from which the account can be used. */
export default function IpRules() {
  const rules = usePages(rulesKey, (page) => client.ipRules.list({ query: page }));
  const [dialog, open] = useDialog();
  const add = (
    <Button kind="primary" icon="add" onClick={() => open((close) => <NewRule onClose={close} />)}>
      New rule
    </Button>
  );
  return (
    <Page
      title="IP rules"
      intro="Limit the addresses from which this workspace can be used. With an allowed network, all other addresses are rejected."
      actions={add}
    >
      <PagedRows
        query={rules}
        caption="IP rules"
        columns={columns}
        keyOf={({ id }) => id}
        nameOf={({ cidr }) => cidr}
        textOf={({ cidr, note }) => `${cidr} ${note ?? ''}`}
        empty={
          <Empty title="No rules yet" action={add}>
            Requests from every address are accepted. Add the network of your office to change that.
          </Empty>
        }
        actionsOf={(rule) => [
          { label: 'Delete', icon: 'remove', isDangerous: true, run: () => open((close) => <Deletion rule={rule} onClose={close} />) },
        ]}
      />
      {dialog}
    </Page>
  );
}

const columns: Column<IpRule>[] = [
  {
    title: 'Network',
    cell: ({ cidr, note }) => (
      <>
        <code>{cidr}</code>
        {note && <div className="muted small">{note}</div>}
      </>
    ),
  },
  { title: 'Rule', cell: ({ type }) => (type === 'allowlist' ? <Badge tone="good">Allow</Badge> : <Badge tone="danger">Block</Badge>) },
  { title: 'Created', cell: ({ created_at }) => <When at={created_at} /> },
];

const locksOut = (error: unknown) => error instanceof ApiError && error.reason === 'would_lock_out_caller';

/** Offered once the API says that the change would reject the user's own address. */
const Force = ({ error }: { error: unknown }) =>
  locksOut(error) && <Checkbox name="force" label="Do it anyway" hint="You will be locked out at once." />;

function NewRule({ onClose }: { onClose: () => void }) {
  const [type, choose] = useState<IpRule['type']>('allowlist');
  return (
    <FormDialog
      title="New rule"
      submit="Create"
      fieldOf={{ rule_exists: 'cidr' }}
      done="Rule created"
      changes={[rulesKey]}
      onClose={onClose}
      onSubmit={(values) =>
        client.ipRules.create({
          query: { force: values.has('force') || undefined },
          body: { type, cidr: textOf(values, 'cidr'), note: textOf(values, 'note') || undefined },
        })
      }
    >
      {(error) => (
        <>
          <Select
            label="Rule"
            name="type"
            value={type}
            onChange={choose}
            options={[
              { value: 'allowlist', label: 'Allow', description: 'Rejects all addresses that no rule allows.' },
              { value: 'blocklist', label: 'Block', description: 'Rejects the addresses of the network.' },
            ]}
          />
          <TextField label="Network" name="cidr" placeholder="203.0.113.0/24" required />
          <TextField label="Note" name="note" placeholder="Office" maxLength={200} />
          <Force error={error} />
        </>
      )}
    </FormDialog>
  );
}

const Deletion = ({ rule, onClose }: { rule: IpRule; onClose: () => void }) => (
  <FormDialog
    title={`Delete the rule for ${rule.cidr}?`}
    submit="Delete"
    kind="danger"
    done="Rule deleted"
    changes={[rulesKey]}
    onClose={onClose}
    onSubmit={(values) => client.ipRules.delete({ params: { rule_id: rule.id }, query: { force: values.has('force') || undefined } })}
  >
    {(error) => (
      <>
        <p>
          {rule.type === 'allowlist'
            ? 'Its addresses are no longer allowed. Without any allowed network, all addresses are that are not blocked.'
            : 'Its addresses are no longer blocked.'}
        </p>
        <Force error={error} />
      </>
    )}
  </FormDialog>
);
