import { type ReactNode, useState } from 'react';
import type { ApiKey, CreatedApiKey, Me } from '../../../../../client/index.ts';
import { FormDialog } from '../../resource/dialogs.tsx';
import { instantOf, NumberField, numberOf, TimeField } from '../../resource/values.tsx';
import { client } from '../../session.ts';
import { Button, Copyable } from '../../ui/buttons.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Segments, TextField } from '../../ui/fields.tsx';
import { textOf } from '../../ui/form.tsx';
import { Select } from '../../ui/select.tsx';
import { keyScopes, ScopeFields, scopesOf } from './scopes.tsx';

export const keysKey = ['api-keys'];

export function NewKey({ me, onClose }: { me: Me; onClose: () => void }) {
  const [rights, choose] = useState<'all' | 'some'>('all');
  const [created, show] = useState<CreatedApiKey>();
  if (created) return <ShownKey created={created} onClose={onClose} />;
  return (
    <FormDialog
      title="New key"
      submit="Create"
      changes={[keysKey]}
      onClose={onClose}
      onSubmit={async (values) => {
        const scopes = rights === 'all' ? null : scopesOf(values);
        show(await client.apiKeys.create({ body: { name: textOf(values, 'name'), scopes, ...propertiesOf(values) } }));
      }}
    >
      <TextField label="Name" name="name" hint="For example, the program that uses it." maxLength={200} required />
      <Segments
        label="Permissions of the key"
        value={rights}
        onChange={choose}
        options={[
          ['all', 'All my permissions'],
          ['some', 'Selected permissions'],
        ]}
      />
      {rights === 'some' && <ScopeFields names={held(me)} />}
      <ExpiryField initial="90" options={lifetimes} />
      <LimitFields />
    </FormDialog>
  );
}

/** The permissions that a key of this user can have. */
const held = ({ permissions }: Me) =>
  Object.fromEntries(Object.entries(keyScopes).filter(([scope]) => (permissions as readonly string[]).includes(scope)));

export const EditKey = ({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) => (
  <FormDialog
    title={`Edit “${apiKey.name}”`}
    done="Saved"
    changes={[keysKey]}
    onClose={onClose}
    onSubmit={(values) =>
      client.apiKeys.update({ params: { id: apiKey.id }, body: { name: textOf(values, 'name'), ...propertiesOf(values) } })
    }
  >
    <TextField label="Name" name="name" defaultValue={apiKey.name} maxLength={200} required />
    <ExpiryField initial="kept" options={[{ value: 'kept', label: 'As it is' }, ...lifetimes]} at={apiKey.expires_at} />
    <LimitFields apiKey={apiKey} />
  </FormDialog>
);

/** The new secret of a key. */
export const ShownKey = ({
  created,
  onClose,
  children,
}: {
  created: Pick<CreatedApiKey, 'name' | 'key'>;
  onClose: () => void;
  children?: ReactNode;
}) => (
  <Dialog title={`Key “${created.name}”`} onClose={onClose}>
    <div className="form">
      <p>Copy it now. It cannot be shown again.</p>
      {children}
      <Copyable text={created.key} label="Copy the key" />
      <div className="actions">
        <Button kind="primary" onClick={onClose}>
          Done
        </Button>
      </div>
    </div>
  </Dialog>
);

export type Lifetime = 'kept' | '30' | '90' | '365' | 'never' | 'date';

export const lifetimes: { value: Lifetime; label: string }[] = [
  { value: '30', label: 'In 30 days' },
  { value: '90', label: 'In 90 days' },
  { value: '365', label: 'In a year' },
  { value: 'never', label: 'Never' },
  { value: 'date', label: 'On a date' },
];

type ExpiryFieldProps = { initial: Lifetime; options: typeof lifetimes; at?: string | null };

export function ExpiryField({ initial, options, at = null }: ExpiryFieldProps) {
  const [lifetime, choose] = useState(initial);
  return (
    <>
      <Select label="Expires" name="lifetime" options={options} value={lifetime} onChange={choose} />
      {lifetime === 'date' && <TimeField label="Expires at" name="expires_at" initial={at} required />}
    </>
  );
}

function LimitFields({ apiKey }: { apiKey?: ApiKey }) {
  const hasLimits = apiKey !== undefined && (apiKey.models !== null || Object.values(apiKey.limits).some((limit) => limit !== null));
  const [limited, choose] = useState<'no' | 'yes'>(hasLimits ? 'yes' : 'no');
  const field = (name: keyof ApiKey['limits'], label: string) => (
    <NumberField label={label} name={`limits.${name}`} step={1} min={1} defaultValue={apiKey?.limits[name] ?? ''} />
  );
  return (
    <>
      <Segments
        label="Limits"
        value={limited}
        onChange={choose}
        options={[
          ['no', 'None'],
          ['yes', 'Set limits'],
        ]}
      />
      {limited === 'yes' && (
        <>
          <p className="muted small">An empty field is no limit. Days and months are those of UTC.</p>
          <div className="in-a-row">
            {field('credits_per_day', 'Credits per day')}
            {field('credits_per_month', 'Credits per month')}
            {field('credits_total', 'Credits in total')}
            {field('requests_per_minute', 'Requests per minute')}
            {field('requests_per_day', 'Requests per day')}
            {field('requests_per_month', 'Requests per month')}
            {field('requests_total', 'Requests in total')}
          </div>
          <TextField
            label="Models"
            name="models"
            hint="Names of models, separated by commas. Empty for all."
            defaultValue={apiKey?.models?.join(', ') ?? ''}
          />
        </>
      )}
    </>
  );
}

export const isPast = (time: string) => Date.parse(time) <= Date.now();

const dayMs = 86_400_000;

/** Expiry, limits and models. Limits of hidden fields are removed. */
function propertiesOf(values: FormData) {
  const limit = (name: keyof ApiKey['limits']) => {
    const value = numberOf(values, `limits.${name}`);
    return Number.isNaN(value) ? null : value;
  };
  const models = textOf(values, 'models')
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
  return {
    ...expiryOf(values),
    limits: {
      credits_per_day: limit('credits_per_day'),
      credits_per_month: limit('credits_per_month'),
      credits_total: limit('credits_total'),
      requests_per_minute: limit('requests_per_minute'),
      requests_per_day: limit('requests_per_day'),
      requests_per_month: limit('requests_per_month'),
      requests_total: limit('requests_total'),
    },
    models: models.length > 0 ? models : null,
  };
}

/** The chosen expiry; empty if it stays as it is. */
export function expiryOf(values: FormData): { expires_at?: string | null } {
  const lifetime = textOf(values, 'lifetime') as Lifetime;
  if (lifetime === 'kept') return {};
  if (lifetime === 'never') return { expires_at: null };
  if (lifetime === 'date') return { expires_at: instantOf(values, 'expires_at') ?? null };
  return { expires_at: new Date(Date.now() + Number(lifetime) * dayMs).toISOString() };
}
