import type { LlmModel, LlmProvider } from '../../../../../client/index.ts';
import { count } from '../../components/format.tsx';
import { providersKey } from '../../providers.ts';
import { FormDialog } from '../../resource/dialogs.tsx';
import { client } from '../../session.ts';
import { Checkbox, FieldSet, TextField } from '../../ui/fields.tsx';
import { textOf } from '../../ui/form.tsx';
import { useOffered } from './addModels.tsx';
import { featuresOf, pricePerMillion } from './features.ts';

const prices = [
  ['cost_per_1k_input', 'Input'],
  ['cost_per_1k_output', 'Output'],
  ['cost_per_1k_cache_write', 'Cache write'],
  ['cost_per_1k_cache_read', 'Cache read'],
] as const;

type ModelFormProps = { provider: LlmProvider; model: LlmModel; onClose: () => void };

/** Prices, picker and priority of a model, with what the provider tells of it. */
export function ModelForm({ provider, model, onClose }: ModelFormProps) {
  const offered = useOffered(provider).data?.models.find(({ id }) => id === model.model) ?? model;
  const { known } = model;
  const save = (values: FormData) =>
    client.llmModels.update({
      params: { provider_id: provider.id, model_id: model.id },
      query: { scope: provider.scope },
      body: {
        ...Object.fromEntries(prices.map(([name]) => [name, perThousand(textOf(values, name))])),
        advanced_json: withWindow(model, textOf(values, 'context_length')),
        multiplier: Number(textOf(values, 'multiplier')),
        priority: Number(textOf(values, 'priority')),
        show_in_picker: values.has('show_in_picker'),
      },
    });
  return (
    <FormDialog title={model.model} done="Model saved" changes={[providersKey]} onClose={onClose} onSubmit={save}>
      {featuresOf(offered).length > 0 && <p className="muted">{featuresOf(offered).join(' · ')}</p>}
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
              placeholder={known?.[name] == null ? 'Unknown' : pricePerMillion(known[name]).slice(1)}
              defaultValue={model[name] === null ? '' : Number((model[name] * 1_000).toFixed(4))}
            />
          ))}
        </div>
      </FieldSet>
      {known?.dearer_above_prompt_tokens !== undefined && (
        <p className="muted small">The vendor charges more for prompts above {count(known.dearer_above_prompt_tokens)} tokens.</p>
      )}
      <TextField
        label="Context window in tokens"
        name="context_length"
        type="number"
        min={1}
        step={1}
        placeholder={model.context_length === undefined ? 'Unknown' : String(model.context_length)}
        defaultValue={ownWindow(model) ?? ''}
        hint="Chats are summarized before they grow longer than this. Leave empty to use the known size of the model."
      />
      <div className="in-a-row">
        <TextField
          label="Credit factor"
          name="multiplier"
          type="number"
          min={0.000001}
          step="any"
          defaultValue={model.multiplier}
          hint="The credits of each run are multiplied by this."
          required
        />
        <TextField
          label="Priority"
          name="priority"
          type="number"
          step={1}
          defaultValue={model.priority}
          hint="The model with the highest priority is used first."
          required
        />
      </div>
      <Checkbox name="show_in_picker" label="Show in the picker" defaultChecked={model.show_in_picker} />
    </FormDialog>
  );
}

type Catalog = { context_length_override?: unknown };

const catalogOf = ({ advanced_json: advanced }: LlmModel) => (advanced?.available_catalog ?? {}) as Catalog;

/** The window that was set here. */
function ownWindow(model: LlmModel): number | undefined {
  const { context_length_override: own } = catalogOf(model);
  return typeof own === 'number' ? own : undefined;
}

/** The advanced settings of the model with another context window; the other settings stay. */
function withWindow(model: LlmModel, written: string): Record<string, unknown> {
  const { context_length_override: _, ...catalog } = catalogOf(model);
  const { available_catalog: __, ...advanced } = model.advanced_json ?? {};
  const next = written === '' ? catalog : { ...catalog, context_length_override: Number(written) };
  return Object.keys(next).length > 0 ? { ...advanced, available_catalog: next } : advanced;
}

const perThousand = (perMillion: string) => (perMillion === '' ? null : Number((Number(perMillion) / 1_000).toFixed(6)));
