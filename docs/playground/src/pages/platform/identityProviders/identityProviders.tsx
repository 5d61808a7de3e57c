import type { IdentityProvider } from '../../../../../../client/index.ts';
import { Page } from '../../../components/page.tsx';
import { Empty } from '../../../components/states.tsx';
import type { Column } from '../../../components/table.tsx';
import { ConfirmDialog, useAction, useDialog } from '../../../resource/dialogs.tsx';
import { List, useList } from '../../../resource/list.tsx';
import { turnAction } from '../../../resource/rowMenu.tsx';
import { client } from '../../../session.ts';
import { Button, OnOff } from '../../../ui/buttons.tsx';
import { EditProvider, NewProvider, providersKey } from './providerForm.tsx';

/** Providers of OpenID Connect with which people sign in. */
export default function IdentityProviders() {
  const providers = useList(providersKey, (page) => client.identityProviders.list({ query: page }));
  const [dialog, open] = useDialog();
  const act = useAction();
  const add = (
    <Button kind="primary" icon="add" onClick={() => open((close) => <NewProvider onClose={close} />)}>
      New provider
    </Button>
  );
  const toggle = ({ id, enabled }: IdentityProvider) =>
    act(
      () => client.identityProviders.update({ params: { identity_provider_id: id }, body: { enabled: !enabled, verify: true } }),
      enabled ? 'Turned off' : 'Turned on',
      providersKey,
    );
  return (
    <Page title="Identity providers" intro="People sign in with the OpenID Connect provider of their company." actions={add}>
      <List
        query={providers}
        caption="Identity providers"
        columns={columns}
        keyOf={({ id }) => id}
        nameOf={({ name }) => name}
        actionsOf={(provider) => [
          { label: 'Edit', icon: 'edit', run: () => open((close) => <EditProvider provider={provider} onClose={close} />) },
          turnAction(provider.enabled, () => toggle(provider)),
          {
            label: 'Delete',
            icon: 'remove',
            isDangerous: true,
            run: () => open((close) => <Deletion provider={provider} onClose={close} />),
          },
        ]}
        empty={
          <Empty title="No identity providers yet" action={add}>
            With a provider such as Keycloak, Entra ID, Okta or Google, people sign in without a password of this server.
          </Empty>
        }
      />
      {dialog}
    </Page>
  );
}

const columns: Column<IdentityProvider>[] = [
  {
    title: 'Name',
    cell: ({ name, issuer }) => (
      <>
        {name}
        <div className="muted small">
          <code>{issuer}</code>
        </div>
      </>
    ),
  },
  { title: 'State', cell: ({ enabled }) => <OnOff isOn={enabled} /> },
  {
    title: 'Addresses',
    cell: ({ allowed_email_domains: domains }) => (
      <span title={domains.join('\n')}>
        {domains.length === 0 ? 'All' : domains.length === 1 ? domains[0] : `${domains.length} domains`}
      </span>
    ),
  },
  { title: 'Unknown people', cell: ({ registers_users }) => (registers_users ? 'Are registered' : 'Are refused') },
];

const Deletion = ({ provider, onClose }: { provider: IdentityProvider; onClose: () => void }) => (
  <ConfirmDialog
    title={`Delete “${provider.name}”?`}
    confirm="Delete"
    done="Deleted"
    changes={[providersKey]}
    onClose={onClose}
    action={() => client.identityProviders.delete({ params: { identity_provider_id: provider.id } })}
  >
    People can no longer sign in with it. Their sessions stay open, and their identities work again with a provider of the same issuer.
  </ConfirmDialog>
);
