import type { ApiKey } from '../../../../../client/index.ts';
import { Page } from '../../components/page.tsx';
import { Empty } from '../../components/states.tsx';
import type { Column } from '../../components/table.tsx';
import { useMe } from '../../me.ts';
import { useDialog } from '../../resource/dialogs.tsx';
import { List, useList } from '../../resource/list.tsx';
import type { RowAction } from '../../resource/rowMenu.tsx';
import { client } from '../../session.ts';
import { Button } from '../../ui/buttons.tsx';
import { Agents } from './agents.tsx';
import { EditKey, keysKey, NewKey } from './keyForm.tsx';
import { KeyExpiry, KeyName, KeyRevocation, lastUse } from './keyTable.tsx';
import { Rotation } from './rotation.tsx';
import { keyScopes, Scopes } from './scopes.tsx';
import { Usage } from './usage.tsx';

/** API keys of the user; of all members for an admin. */
export default function Keys() {
  const me = useMe().data;
  const keys = useList(keysKey, (page) => client.apiKeys.list({ query: page }));
  const [dialog, open] = useDialog();
  const add = me && (
    <Button kind="primary" icon="add" onClick={() => open((close) => <NewKey me={me} onClose={close} />)}>
      New key
    </Button>
  );
  const actionsOf = (key: ApiKey): readonly RowAction[] => [
    { label: 'Usage', icon: 'chart', run: () => open((close) => <Usage apiKey={key} onClose={close} />) },
    !key.revoked_at && { label: 'Edit', icon: 'edit', run: () => open((close) => <EditKey apiKey={key} onClose={close} />) },
    // The secret acts on behalf of its user.
    !key.revoked_at &&
      key.user_id === me?.id && {
        label: 'Rotate',
        icon: 'retry',
        run: () => open((close) => <KeyRotation apiKey={key} onClose={close} />),
      },
    !key.revoked_at && {
      label: 'Revoke',
      icon: 'remove',
      isDangerous: true,
      run: () => open((close) => <Revocation apiKey={key} onClose={close} />),
    },
  ];
  return (
    <Page title="API keys" intro="For programs that act on your behalf in this workspace. A key is shown only once." actions={add}>
      <List
        query={keys}
        caption="API keys"
        columns={columns}
        keyOf={({ id }) => id}
        nameOf={({ name }) => name}
        actionsOf={actionsOf}
        empty={
          <Empty title="No keys yet" action={add}>
            With a key, your scripts and servers can call the API without a password.
          </Empty>
        }
      />
      <Agents />
      {dialog}
    </Page>
  );
}

const KeyRotation = ({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) => (
  <Rotation
    apiKey={apiKey}
    rotate={(body) => client.apiKeys.rotate({ params: { id: apiKey.id }, body })}
    listKey={keysKey}
    onClose={onClose}
  />
);

const columns: Column<ApiKey>[] = [
  { title: 'Name', cell: (key) => <KeyName apiKey={key} /> },
  { title: 'Permissions', cell: (key) => (key.inherits_permissions ? 'All' : <Scopes scopes={key.scopes} names={keyScopes} />) },
  { title: 'Limits', cell: (key) => <Limits apiKey={key} /> },
  { title: 'Expires', cell: (key) => <KeyExpiry apiKey={key} /> },
  { title: 'Last used', cell: lastUse },
];

function Limits({ apiKey: { limits, models } }: { apiKey: ApiKey }) {
  const set = Object.values(limits).filter((limit) => limit !== null).length;
  const parts = [
    set > 0 && `${set} ${set === 1 ? 'limit' : 'limits'}`,
    models && `${models.length} ${models.length === 1 ? 'model' : 'models'}`,
  ];
  return parts.filter(Boolean).join(', ') || 'None';
}

const Revocation = ({ apiKey: { id, name }, onClose }: { apiKey: ApiKey; onClose: () => void }) => (
  <KeyRevocation
    name={name}
    listKey={keysKey}
    effects="Its runs are cancelled and its schedules paused."
    revoke={() => client.apiKeys.delete({ params: { id } })}
    onClose={onClose}
  />
);
