import { useState } from 'react';
import type { EntitlementOverride } from '../../../../../../client/index.ts';
import { When } from '../../../components/format.tsx';
import { Empty, QueryState } from '../../../components/states.tsx';
import type { Column } from '../../../components/table.tsx';
import { ConfirmDialog, FormDialog, useDialog } from '../../../resource/dialogs.tsx';
import { List, useList } from '../../../resource/list.tsx';
import { instantOf, TimeField } from '../../../resource/values.tsx';
import { client } from '../../../session.ts';
import { Badge, Button } from '../../../ui/buttons.tsx';
import { Combobox } from '../../../ui/combobox.tsx';
import { TextField } from '../../../ui/fields.tsx';
import { textOf } from '../../../ui/form.tsx';
import {
  entitlementTypeOf,
  Hint,
  SettingField,
  settingOptions,
  settingText,
  useSettingSchemas,
  valueText,
} from '../settingValues/schema.tsx';

type OfAccount = { id: string; name: string };
type OverrideFormProps = { account: OfAccount; override?: EntitlementOverride; onClose: () => void };

/** Sets or replaces an entitlement override of an account. */
export function OverrideForm({ account, override, onClose }: OverrideFormProps) {
  const schemas = useSettingSchemas();
  const [chosen, choose] = useState(override?.key);
  return (
    <FormDialog
      title={override ? `Change ${override.key}` : `Set an override for ${account.name}`}
      submit="Set"
      changes={[['overrides', account.id]]}
      done="Override set"
      onClose={onClose}
      onSubmit={(values) => {
        const schema = schemas.data?.find(({ key }) => key === (chosen ?? textOf(values, 'key')));
        return client.entitlementOverrides.set({
          body: {
            account_id: account.id,
            key: schema?.key ?? override?.key ?? '',
            value: settingText(schema, values, 'value'),
            value_type: schema ? entitlementTypeOf(schema) : (override?.value_type ?? 'string'),
            reason: textOf(values, 'reason') || null,
            expires_at: instantOf(values, 'expires_at') ?? null,
          },
        });
      }}
    >
      <QueryState query={schemas}>
        {(all) => {
          const choices = all.filter(({ scope, key }) => scope === 'both' || key === override?.key);
          const schema = choices.find(({ key }) => key === chosen) ?? (override ? undefined : choices[0]);
          return (
            <>
              {!override && (
                <Combobox label="Entitlement" name="key" value={schema?.key ?? ''} onChange={choose} options={settingOptions(choices)} />
              )}
              <SettingField
                key={schema?.key}
                schema={schema}
                label="Value"
                name="value"
                initial={override?.value}
                hint={schema && <Hint schema={schema} />}
              />
              <TimeField label="Expires (optional)" name="expires_at" initial={override?.expires_at ?? null} />
              <TextField label="Reason (optional)" name="reason" defaultValue={override?.reason ?? ''} maxLength={500} />
            </>
          );
        }}
      </QueryState>
    </FormDialog>
  );
}

export function Overrides({ account }: { account: OfAccount }) {
  const [dialog, open] = useDialog();
  const overrides = useList(['overrides', account.id], (page) =>
    client.entitlementOverrides.list({ query: { account_id: account.id, ...page } }),
  );
  return (
    <>
      <List
        caption="Entitlement overrides"
        query={overrides}
        columns={columns}
        keyOf={({ id }) => id}
        nameOf={({ key }) => key}
        actionsOf={(override) => [
          {
            label: 'Change',
            icon: 'edit',
            run: () => open((close) => <OverrideForm account={account} override={override} onClose={close} />),
          },
          {
            label: 'Delete',
            icon: 'remove',
            isDangerous: true,
            run: () => open((close) => <Deletion override={override} onClose={close} />),
          },
        ]}
        empty={
          <Empty
            title="No overrides"
            action={<Button onClick={() => open((close) => <OverrideForm account={account} onClose={close} />)}>Set an override</Button>}
          >
            An override gives this account another limit or feature than its plan and the platform settings.
          </Empty>
        }
      />
      {dialog}
    </>
  );
}

const Deletion = ({ override, onClose }: { override: EntitlementOverride; onClose: () => void }) => (
  <ConfirmDialog
    title={`Delete the override of ${override.key}?`}
    confirm="Delete"
    changes={[['overrides', override.account_id]]}
    done="Override deleted"
    onClose={onClose}
    action={() => client.entitlementOverrides.delete({ params: { override_id: override.id }, query: { account_id: override.account_id } })}
  >
    The value of the plan or of the platform settings applies again immediately.
  </ConfirmDialog>
);

const columns: Column<EntitlementOverride>[] = [
  { title: 'Entitlement', cell: ({ key }) => <code>{key}</code> },
  { title: 'Value', cell: ({ value, value_type }) => valueText(value_type, value) },
  {
    title: 'Expires',
    cell: ({ expires_at }) =>
      expires_at === null ? (
        'Never'
      ) : Date.parse(expires_at) <= Date.now() ? (
        <Badge tone="warning">Expired</Badge>
      ) : (
        <When at={expires_at} />
      ),
  },
  { title: 'Reason', cell: ({ reason }) => reason ?? '–' },
];
