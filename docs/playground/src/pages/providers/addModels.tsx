import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { LlmProvider, UpstreamModel } from '../../../../../client/index.ts';
import { count } from '../../components/format.tsx';
import { ErrorNotice, Loading } from '../../components/states.tsx';
import { providersKey } from '../../providers.ts';
import { FormDialog } from '../../resource/dialogs.tsx';
import { client } from '../../session.ts';
import { Checkbox, FieldSet, TextField } from '../../ui/fields.tsx';
import { FieldError, textOf } from '../../ui/form.tsx';
import { featuresOf } from './features.ts';

export const useOffered = ({ id, scope }: Pick<LlmProvider, 'id' | 'scope'>) =>
  useQuery({
    queryKey: ['available-models', id],
    queryFn: () => client.llmProviders.availableModels({ params: { provider_id: id }, query: { scope } }),
    staleTime: 60_000,
  });

/** Most models that are listed at once. A search finds the others. */
const maxListed = 50;

type AddModelsProps = {
  provider: LlmProvider;
  /** After the provider was saved: shows whether it answers. */
  isNew?: boolean;
  onClose: () => void;
};

/** Chooses from the models that the provider offers. */
export function AddModels({ provider, isNew = false, onClose }: AddModelsProps) {
  const offered = useOffered(provider);
  const [chosen, choose] = useState<readonly string[]>([]);
  const [search, setSearch] = useState('');
  const others = offered.data?.models.filter(({ configured }) => !configured) ?? [];
  const found = others.filter(({ id, name }) => `${id} ${name}`.toLowerCase().includes(search.trim().toLowerCase()));
  const toggle = (id: string) => choose(chosen.includes(id) ? chosen.filter((each) => each !== id) : [...chosen, id]);
  const add = async (values: FormData) => {
    const typed = textOf(values, 'model');
    if (!typed && chosen.length === 0) throw new FieldError('models', 'Select a model.');
    for (const model of typed ? [...chosen, typed] : chosen)
      await client.llmModels.create({ params: { provider_id: provider.id }, query: { scope: provider.scope }, body: { model } });
  };
  return (
    <FormDialog
      title={isNew ? `${provider.name} is saved` : `Add models to ${provider.name}`}
      submit={chosen.length > 1 ? `Add ${chosen.length} models` : 'Add'}
      done={chosen.length > 1 ? 'Models added' : 'Model added'}
      changes={[providersKey, ['available-models', provider.id]]}
      onClose={onClose}
      onSubmit={add}
    >
      {offered.isPending && <Loading what="Asking the provider" />}
      {offered.error && (
        <>
          <ErrorNotice error={offered.error} retry={() => offered.refetch()} />
          <TextField
            label="Model"
            name="model"
            autoComplete="off"
            required
            hint="If the provider has no list of models, type the name that it uses."
          />
        </>
      )}
      {offered.data && (
        <>
          {isNew && (
            <p className="notice good">
              It works: the provider offers {offered.data.models.length === 1 ? 'one model' : `${count(offered.data.models.length)} models`}
              .
            </p>
          )}
          {others.length > 1 && (
            <TextField
              label="Search"
              type="search"
              value={search}
              onChange={({ currentTarget }) => setSearch(currentTarget.value)}
              placeholder={`Search ${others.length} models`}
            />
          )}
          <FieldSet label="Models" name="models">
            <div className="model-choices">
              {found.slice(0, maxListed).map((model) => (
                <Choice key={model.id} model={model} isChosen={chosen.includes(model.id)} onChange={() => toggle(model.id)} />
              ))}
              {found.length === 0 && <p className="muted">{search ? 'No other model with this name.' : 'All of them are added.'}</p>}
              {found.length > maxListed && <p className="muted small">{found.length - maxListed} more. Search to find them.</p>}
            </div>
          </FieldSet>
        </>
      )}
    </FormDialog>
  );
}

type ChoiceProps = { model: UpstreamModel; isChosen: boolean; onChange: () => void };

const Choice = ({ model, isChosen, onChange }: ChoiceProps) => (
  <Checkbox label={model.id} hint={featuresOf(model).join(' · ') || undefined} checked={isChosen} onChange={onChange} />
);
