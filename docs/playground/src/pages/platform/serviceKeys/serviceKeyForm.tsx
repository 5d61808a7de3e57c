import { useState } from 'react';
import type { CreatedServiceKey, ServiceKey, ServiceKeyScope } from '../../../../../../client/index.ts';
import { FormDialog } from '../../../resource/dialogs.tsx';
import { NumberField, numberOf } from '../../../resource/values.tsx';
import { client } from '../../../session.ts';
import { TextArea, TextField } from '../../../ui/fields.tsx';
import { textOf } from '../../../ui/form.tsx';
import { ExpiryField, expiryOf, lifetimes, ShownKey } from '../../keys/keyForm.tsx';
import { ScopeFields, scopesOf } from '../../keys/scopes.tsx';

export const serviceKeysKey = ['service-keys'];

/** What each scope opens. */
export const scopeNames: Readonly<Record<ServiceKeyScope, string>> = {
  'platform.subscriptions.manage': 'Subscriptions',
  'platform.credits.manage': 'Credits of accounts',
  'platform.usage.read': 'Read usage',
  'platform.accounts.read': 'Read accounts',
  'platform.accounts.manage': 'Suspend and reactivate accounts',
  'platform.plans.manage': 'Plans',
  'platform.entitlements.manage': 'Entitlements of accounts',
  'platform.erasures.manage': 'Erasure of accounts',
  'platform.redemption_codes.manage': 'Redemption codes',
  'platform.feature_flags.manage': 'Feature flags',
};

export function NewServiceKey({ onClose }: { onClose: () => void }) {
  const [created, show] = useState<CreatedServiceKey>();
  if (created) return <ShownKey created={created} onClose={onClose} />;
  return (
    <FormDialog
      title="New service key"
      submit="Create"
      changes={[serviceKeysKey]}
      onClose={onClose}
      onSubmit={async (values) => {
        const scopes = scopesOf(values) as ServiceKeyScope[];
        show(await client.serviceKeys.create({ body: { ...propertiesOf(values), scopes } }));
      }}
    >
      <TextField label="Name" name="name" hint="For example, the program that uses it." maxLength={200} required />
      <ScopeFields names={scopeNames} hint="They cannot be changed later." />
      <ExpiryField initial="90" options={lifetimes} />
      <AccessFields />
    </FormDialog>
  );
}

export const EditServiceKey = ({ serviceKey, onClose }: { serviceKey: ServiceKey; onClose: () => void }) => (
  <FormDialog
    title={`Edit “${serviceKey.name}”`}
    done="Saved"
    changes={[serviceKeysKey]}
    onClose={onClose}
    onSubmit={(values) => client.serviceKeys.update({ params: { service_key_id: serviceKey.id }, body: propertiesOf(values) })}
  >
    <TextField label="Name" name="name" defaultValue={serviceKey.name} maxLength={200} required />
    <ExpiryField initial="kept" options={[{ value: 'kept', label: 'As it is' }, ...lifetimes]} at={serviceKey.expires_at} />
    <AccessFields serviceKey={serviceKey} />
  </FormDialog>
);

const AccessFields = ({ serviceKey }: { serviceKey?: ServiceKey }) => (
  <>
    <TextArea
      label="Allowed addresses"
      name="allowed_addresses"
      hint="One network per line, such as 203.0.113.0/24. Leave empty to allow all addresses."
      rows={2}
      defaultValue={serviceKey?.allowed_addresses?.join('\n') ?? ''}
    />
    <NumberField
      label="Requests per minute"
      name="requests_per_minute"
      step={1}
      min={1}
      max={10_000}
      defaultValue={serviceKey?.requests_per_minute ?? 600}
      required
    />
  </>
);

function propertiesOf(values: FormData) {
  const addresses = textOf(values, 'allowed_addresses').split(/\s+/).filter(Boolean);
  return {
    name: textOf(values, 'name'),
    allowed_addresses: addresses.length > 0 ? addresses : null,
    requests_per_minute: numberOf(values, 'requests_per_minute'),
    ...expiryOf(values),
  };
}
