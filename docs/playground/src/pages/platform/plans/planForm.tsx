import { useState } from 'react';
import type { NewEntitlement, Plan, SettingSchema } from '../../../../../../client/index.ts';
import { QueryState } from '../../../components/states.tsx';
import { FormDialog } from '../../../resource/dialogs.tsx';
import { client } from '../../../session.ts';
import { Button, IconButton } from '../../../ui/buttons.tsx';
import { Combobox } from '../../../ui/combobox.tsx';
import { TextField } from '../../../ui/fields.tsx';
import { textOf } from '../../../ui/form.tsx';
import { entitlementTypeOf, Hint, SettingField, settingOptions, settingText, useSettingSchemas } from '../settingValues/schema.tsx';

/** Creates a plan, or changes one. */
export function PlanForm({ plan, onClose }: { plan?: Plan; onClose: () => void }) {
  const schemas = useSettingSchemas();
  return (
    <FormDialog
      title={plan ? `Change ${plan.display_name}` : 'New plan'}
      submit={plan ? 'Save' : 'Create'}
      changes={[['plans']]}
      done={plan ? 'Plan changed' : 'Plan created'}
      onClose={onClose}
      onSubmit={(values) => {
        const display_name = textOf(values, 'display_name');
        const entitlements = entitlementsOf(values, schemas.data ?? [], plan);
        return plan
          ? client.plans.update({ params: { plan_id: plan.id }, body: { display_name, entitlements } })
          : client.plans.create({ body: { name: textOf(values, 'name'), display_name, entitlements } });
      }}
    >
      <TextField label="Display name" name="display_name" defaultValue={plan?.display_name} hint="Shown to users." autoFocus required />
      {!plan && <TextField label="Name" name="name" placeholder="team-monthly" hint="For programs. It cannot be changed." required />}
      <QueryState query={schemas}>{(all) => <Entitlements schemas={all.filter(({ scope }) => scope === 'both')} plan={plan} />}</QueryState>
    </FormDialog>
  );
}

type EntitlementsProps = { schemas: readonly SettingSchema[]; plan: Plan | undefined };

/** One row for each entitlement, with a control that fits its type. */
function Entitlements({ schemas, plan }: EntitlementsProps) {
  const initial = new Map(plan?.entitlements.map(({ key, value }) => [key, value]));
  const [keys, setKeys] = useState([...initial.keys()]);
  const left = schemas.filter(({ key }) => !keys.includes(key));
  const [next, choose] = useState('');
  const chosen = left.some(({ key }) => key === next) ? next : (left[0]?.key ?? '');
  return (
    <fieldset className="entitlements">
      <legend>Entitlements</legend>
      {keys.map((key, index) => (
        <div className="entitlement" key={key}>
          <SettingField
            schema={schemas.find((each) => each.key === key)}
            label={key}
            name={`entitlements.${index}.value`}
            initial={initial.get(key)}
            hint={hintOf(schemas.find((each) => each.key === key))}
          />
          <input type="hidden" name={`entitlements.${index}.key`} value={key} />
          <IconButton label={`Remove ${key}`} icon="close" onClick={() => setKeys(keys.filter((each) => each !== key))} />
        </div>
      ))}
      {left.length > 0 && (
        <div className="entitlement">
          <Combobox label="Entitlement to add" value={chosen} onChange={choose} options={settingOptions(left)} />
          <Button icon="add" onClick={() => setKeys([...keys, chosen])}>
            Add
          </Button>
        </div>
      )}
    </fieldset>
  );
}

const hintOf = (schema: SettingSchema | undefined) => schema && <Hint schema={schema} />;

/** In the order of the rows. An entitlement of the plan that is no known setting keeps its type. */
const entitlementsOf = (values: FormData, schemas: readonly SettingSchema[], plan: Plan | undefined): NewEntitlement[] =>
  [...values]
    .filter(([name]) => /^entitlements\.\d+\.key$/.test(name))
    .map(([name, entry]) => {
      const key = String(entry);
      const schema = schemas.find((each) => each.key === key);
      const known = plan?.entitlements.find((each) => each.key === key);
      return {
        key,
        value: settingText(schema, values, name.replace(/key$/, 'value')),
        value_type: schema ? entitlementTypeOf(schema) : (known?.value_type ?? 'string'),
      };
    });
