import type { ServiceKey, ServiceKeyScope } from '../../../../../../client/index.ts';
import { count } from '../../../components/format.tsx';
import { Page } from '../../../components/page.tsx';
import { Empty } from '../../../components/states.tsx';
import type { Column } from '../../../components/table.tsx';
import { useDialog } from '../../../resource/dialogs.tsx';
import { List, useList } from '../../../resource/list.tsx';
import type { RowAction } from '../../../resource/rowMenu.tsx';
import { client } from '../../../session.ts';
import { Button } from '../../../ui/buttons.tsx';
import { KeyExpiry, KeyName, KeyRevocation, lastUse } from '../../keys/keyTable.tsx';
import { Rotation } from '../../keys/rotation.tsx';
import { UserName } from '../names.tsx';
import { EditServiceKey, NewServiceKey, scopeNames, serviceKeysKey } from './serviceKeyForm.tsx';

type Props = { serviceKey: ServiceKey; onClose: () => void };

/** Keys of programs that administer the platform. */
export default function ServiceKeys() {
  const keys = useList(serviceKeysKey, (page) => client.serviceKeys.list({ query: page }));
  const [dialog, open] = useDialog();
  const add = (
    <Button kind="primary" icon="add" onClick={() => open((close) => <NewServiceKey onClose={close} />)}>
      New service key
    </Button>
  );
  const actionsOf = (key: ServiceKey): readonly RowAction[] => {
    if (key.revoked_at) return [];
    return [
      { label: 'Edit', icon: 'edit', run: () => open((close) => <EditServiceKey serviceKey={key} onClose={close} />) },
      { label: 'Rotate', icon: 'retry', run: () => open((close) => <KeyRotation serviceKey={key} onClose={close} />) },
      {
        label: 'Revoke',
        icon: 'remove',
        isDangerous: true,
        run: () => open((close) => <Revocation serviceKey={key} onClose={close} />),
      },
    ];
  };
  return (
    <Page
      title="Service keys"
      intro="For programs that administer the platform, such as a billing system. A key is shown only once."
      actions={add}
    >
      <List
        query={keys}
        caption="Service keys"
        columns={columns}
        keyOf={({ id }) => id}
        nameOf={({ name }) => name}
        actionsOf={actionsOf}
        empty={
          <Empty title="No service keys yet" action={add}>
            With a service key, a program can renew subscriptions, adjust credits or read usage, as far as its permissions allow.
          </Empty>
        }
      />
      {dialog}
    </Page>
  );
}

const nameOfScope = (scope: string) => scopeNames[scope as ServiceKeyScope] ?? scope;

const Scopes = ({ scopes }: { scopes: readonly string[] }) => (
  <span title={scopes.map(nameOfScope).join('\n')}>{scopes.length === 1 ? nameOfScope(scopes[0]!) : `${scopes.length} permissions`}</span>
);

const columns: Column<ServiceKey>[] = [
  { title: 'Name', cell: (key) => <KeyName apiKey={key} /> },
  { title: 'Permissions', cell: ({ scopes }) => <Scopes scopes={scopes} /> },
  {
    title: 'Accepted from',
    cell: ({ allowed_addresses: networks, requests_per_minute: rate }) => (
      <>
        <span title={networks?.join('\n')}>
          {networks ? (networks.length === 1 ? networks[0] : `${networks.length} networks`) : 'Anywhere'}
        </span>
        <div className="muted small">{count(rate)} requests per minute</div>
      </>
    ),
  },
  { title: 'Admin', cell: ({ user_id }) => <UserName id={user_id} /> },
  { title: 'Expires', cell: (key) => <KeyExpiry apiKey={key} inactive={key.is_active ? undefined : 'Rotate it: its admin left'} /> },
  { title: 'Last used', cell: lastUse },
];

const KeyRotation = ({ serviceKey, onClose }: Props) => (
  <Rotation
    apiKey={serviceKey}
    rotate={(body) => client.serviceKeys.rotate({ params: { service_key_id: serviceKey.id }, body })}
    listKey={serviceKeysKey}
    onClose={onClose}
  />
);

const Revocation = ({ serviceKey: { id, name }, onClose }: Props) => (
  <KeyRevocation
    name={name}
    listKey={serviceKeysKey}
    revoke={() => client.serviceKeys.delete({ params: { service_key_id: id } })}
    onClose={onClose}
  />
);
