import { useState } from 'react';
import type { IdentityProvider } from '../../../../../../client/index.ts';
import { FormDialog, useChanged } from '../../../resource/dialogs.tsx';
import { client } from '../../../session.ts';
import { Button, Copyable } from '../../../ui/buttons.tsx';
import { Dialog } from '../../../ui/dialog.tsx';
import { Checkbox, TextArea, TextField } from '../../../ui/fields.tsx';
import { textOf } from '../../../ui/form.tsx';

export const providersKey = ['identity-providers'];

const fieldOf = { issuer_taken: 'issuer', client_secret_required: 'client_secret', invalid_domain: 'allowed_email_domains' };

export function NewProvider({ onClose }: { onClose: () => void }) {
  const [created, show] = useState<IdentityProvider>();
  if (created) return <RedirectUri provider={created} onClose={onClose} />;
  return (
    <FormDialog
      title="New identity provider"
      submit="Create"
      fieldOf={fieldOf}
      changes={[]}
      onClose={onClose}
      onSubmit={async (values) => show(await client.identityProviders.create({ body: propertiesOf(values) }))}
    >
      <Fields />
    </FormDialog>
  );
}

export const EditProvider = ({ provider, onClose }: { provider: IdentityProvider; onClose: () => void }) => (
  <FormDialog
    title={`Edit “${provider.name}”`}
    done="Saved"
    fieldOf={fieldOf}
    changes={[providersKey]}
    onClose={onClose}
    onSubmit={(values) => client.identityProviders.update({ params: { identity_provider_id: provider.id }, body: propertiesOf(values) })}
  >
    <Fields provider={provider} />
    <div className="field">
      <span className="label">Redirect URI</span>
      <Copyable text={redirectUriOf(provider)} label="Copy the redirect URI" />
    </div>
  </FormDialog>
);

const redirectUriOf = ({ id }: IdentityProvider) => `${location.origin}/oauth/sign-in/${id}`;

function RedirectUri({ provider, onClose }: { provider: IdentityProvider; onClose: () => void }) {
  const changed = useChanged();
  const close = () => {
    onClose();
    void changed(providersKey);
  };
  return (
    <Dialog title="Register the redirect URI" intro="Add it to the client at the provider. Then people can sign in." onClose={close}>
      <div className="form">
        <Copyable text={redirectUriOf(provider)} label="Copy the redirect URI" />
        <div className="actions">
          <Button kind="primary" onClick={close}>
            Done
          </Button>
        </div>
      </div>
    </Dialog>
  );
}

const Fields = ({ provider }: { provider?: IdentityProvider }) => (
  <>
    <TextField
      label="Name"
      name="name"
      hint="Shown on the button of the sign-in page."
      defaultValue={provider?.name}
      maxLength={100}
      required
    />
    <TextField
      label="Issuer"
      name="issuer"
      type="url"
      placeholder="https://sso.example.com/realms/main"
      defaultValue={provider?.issuer}
      maxLength={500}
      required
    />
    <TextField label="Client ID" name="client_id" defaultValue={provider?.client_id} maxLength={500} required />
    <TextField
      label="Client secret"
      name="client_secret"
      type="password"
      autoComplete="off"
      hint={provider?.has_client_secret ? 'Leave empty to keep the stored secret.' : 'Leave empty for a public client.'}
      maxLength={2_000}
    />
    <TextField
      label="Scopes"
      name="scopes"
      defaultValue={provider?.scopes.join(' ') ?? 'openid email profile'}
      hint="Separated by spaces."
    />
    <TextArea
      label="Allowed email domains"
      name="allowed_email_domains"
      hint="One domain per line, such as example.com. Leave empty to allow all."
      rows={2}
      defaultValue={provider?.allowed_email_domains.join('\n') ?? ''}
    />
    <Checkbox
      name="registers_users"
      label="Register unknown people"
      hint="If the registration mode of the server allows it."
      defaultChecked={provider?.registers_users ?? false}
    />
    <Checkbox
      name="internal_network"
      label="In the internal network"
      hint="Allows private addresses, all ports and plain HTTP."
      defaultChecked={provider?.internal_network ?? false}
    />
    <Checkbox name="enabled" label="On" hint="Shows the button on the sign-in page." defaultChecked={provider?.enabled ?? true} />
  </>
);

function propertiesOf(values: FormData) {
  const secret = textOf(values, 'client_secret');
  const wordsOf = (name: string) => textOf(values, name).split(/\s+/).filter(Boolean);
  return {
    name: textOf(values, 'name'),
    issuer: textOf(values, 'issuer'),
    client_id: textOf(values, 'client_id'),
    ...(secret !== '' && { client_secret: secret }),
    scopes: wordsOf('scopes'),
    allowed_email_domains: wordsOf('allowed_email_domains'),
    registers_users: values.has('registers_users'),
    internal_network: values.has('internal_network'),
    enabled: values.has('enabled'),
    verify: true,
  };
}
