import { useState } from 'react';
import type { Passkey } from '../../../../../client/index.ts';
import { When } from '../../components/format.tsx';
import { rowsOf, usePages } from '../../components/paging.tsx';
import { Empty } from '../../components/states.tsx';
import type { Column } from '../../components/table.tsx';
import { canUsePasskeys, createPasskey } from '../../passkeys.ts';
import { ConfirmDialog, FormDialog, useDialog } from '../../resource/dialogs.tsx';
import { PagedRows } from '../../resource/resourceList.tsx';
import { client } from '../../session.ts';
import { Badge, Button } from '../../ui/buttons.tsx';
import { TextField } from '../../ui/fields.tsx';
import { textOf } from '../../ui/form.tsx';
import { CodeField, CurrentPassword, currentPasswordOf, proofKey, useHasSecondFactor } from './currentPassword.tsx';

const passkeysKey = ['passkeys'];

/** The passkeys of the user. */
export function Passkeys() {
  const passkeys = usePages(passkeysKey, (page) => client.passkeys.list({ query: page }));
  const [dialog, open] = useDialog();
  const add = canUsePasskeys() && (
    <Button icon="key" onClick={() => open((close) => <NewPasskey onClose={close} />)}>
      Add a passkey
    </Button>
  );
  const isEmpty = rowsOf(passkeys.data)?.length === 0;
  return (
    <>
      <p className="muted">
        A passkey signs you in with the lock of a device or a password manager. It replaces both the password and the code of an app.
      </p>
      <PagedRows
        query={passkeys}
        caption="Passkeys"
        columns={columns}
        keyOf={({ id }) => id}
        nameOf={({ name }) => name}
        actionsOf={(passkey) => [
          { label: 'Rename', icon: 'edit', run: () => open((close) => <Rename passkey={passkey} onClose={close} />) },
          {
            label: 'Delete',
            icon: 'remove',
            isDangerous: true,
            run: () => open((close) => <Deletion passkey={passkey} onClose={close} />),
          },
        ]}
        empty={<Empty title="No passkeys yet" action={add} />}
      />
      {add ? (
        !isEmpty && <div>{add}</div>
      ) : (
        <p className="muted small">This browser offers no passkeys to this page. It needs https, or localhost.</p>
      )}
      {dialog}
    </>
  );
}

const columns: Column<Passkey>[] = [
  {
    title: 'Name',
    cell: ({ name, backed_up }) => (
      <>
        {name} {backed_up && <Badge tone="good">Synced</Badge>}
      </>
    ),
  },
  { title: 'Added', cell: ({ created_at }) => <When at={created_at} /> },
  { title: 'Last used', cell: ({ last_used_at }) => (last_used_at === null ? 'Never' : <When at={last_used_at} />) },
];

function NewPasskey({ onClose }: { onClose: () => void }) {
  const [needsCode] = useState(useHasSecondFactor());
  return (
    <FormDialog
      title="Add a passkey"
      submit="Continue"
      fieldOf={{ invalid_credentials: 'current_password', second_factor_invalid: 'code' }}
      changes={[passkeysKey, proofKey]}
      done="Passkey added"
      onClose={onClose}
      onSubmit={async (values) => {
        const body = { current_password: currentPasswordOf(values), code: textOf(values, 'code') || undefined };
        const credential = await createPasskey(await client.passkeys.registrationOptions({ body }));
        await client.passkeys.register({ body: { name: textOf(values, 'name'), credential } });
      }}
    >
      <TextField label="Name" name="name" maxLength={100} placeholder="Laptop" hint="Helps you find it in this list later." required />
      <CurrentPassword />
      {needsCode && <CodeField />}
    </FormDialog>
  );
}

const Rename = ({ passkey: { id, name }, onClose }: { passkey: Passkey; onClose: () => void }) => (
  <FormDialog
    title={`Rename ${name}`}
    changes={[passkeysKey]}
    done="Passkey renamed"
    onClose={onClose}
    onSubmit={(values) => client.passkeys.rename({ params: { passkey_id: id }, body: { name: textOf(values, 'name') } })}
  >
    <TextField label="Name" name="name" defaultValue={name} maxLength={100} required />
  </FormDialog>
);

const Deletion = ({ passkey: { id, name }, onClose }: { passkey: Passkey; onClose: () => void }) => (
  <ConfirmDialog
    title={`Delete ${name}?`}
    confirm="Delete"
    changes={[passkeysKey, proofKey]}
    done="Passkey deleted"
    onClose={onClose}
    action={() => client.passkeys.delete({ params: { passkey_id: id } })}
  >
    It no longer signs you in. Delete it in the password manager or on the device too.
  </ConfirmDialog>
);
