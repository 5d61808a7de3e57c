import type { LlmModel, LlmProvider } from '../../../../../client/index.ts';
import { providersKey } from '../../providers.ts';
import { FormDialog } from '../../resource/dialogs.tsx';
import { client } from '../../session.ts';
import { Checkbox, FieldSet, TextField } from '../../ui/fields.tsx';
import { textOf } from '../../ui/form.tsx';
import { useOffered } from './addModels.tsx';
import { featuresOf } from './features.ts';

const prices = [
  ['cost_per_1k_input', 'Input'],
  ['cost_per_1k_output', 'Output'],
  ['cost_per_1k_cache_write', 'Cache write'],
  ['cost_per_1k_cache_read', 'Cache read'],
] as const;

type ModelFormProps = { provider: LlmProvider; model: LlmModel; onClose: () => void };

/** Prices, picker and priority of a model, with what the provider tells of it. */
export function ModelForm({ provider, model, onClose }: ModelFormProps) {
  const offered = useOffered(provider).data?.models.find(({ id }) => id === model.model);
  const save = (values: FormData) =>
    client.llmModels.update({
      params: { provider_id: provider.id, model_id: model.id },
      query: { scope: provider.scope },
      body: {
        ...Object.fromEntries(prices.map(([name]) => [name, perThousand(textOf(values, name))])),
        multiplier: Number(textOf(values, 'multiplier')),
        priority: Number(textOf(values, 'priority')),
        show_in_picker: values.has('show_in_picker'),
      },
    });
  return (
    <FormDialog title={model.model} done="Model saved" changes={[providersKey]} onClose={onClose} onSubmit={save}>
      {offered && featuresOf(offered).length > 0 && <p className="muted">{featuresOf(offered).join(' · ')}</p>}
      <FieldSet label="Prices in US dollars for a million tokens">
        <div className="in-a-row">
          {prices.map(([name, label]) => (
            <TextField
              key={name}
              label={label}
              name={name}
              type="number"
              min={0}
              step="any"
              placeholder="Unknown"
              defaultValue={model[name] === null ? '' : Number((model[name] * 1_000).toFixed(4))}
            />
          ))}
        </div>
      </FieldSet>
      <div className="in-a-row">
        <TextField
          label="Credit factor"
          name="multiplier"
          type="number"
          min={0.000001}
          step="any"
          defaultValue={model.multiplier}
          hint="For the credits of a run."
          required
        />
        <TextField
          label="Priority"
          name="priority"
          type="number"
          step={1}
          defaultValue={model.priority}
          hint="The highest is chosen first."
          required
        />
      </div>
      <Checkbox name="show_in_picker" label="Show in the picker" defaultChecked={model.show_in_picker} />
    </FormDialog>
  );
}

const perThousand = (perMillion: string) => (perMillion === '' ? null : Number((Number(perMillion) / 1_000).toFixed(6)));
