import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { LlmModel, LlmModelTest, LlmProvider } from '../../../../../client/index.ts';
import { duration } from '../../components/format.tsx';
import { ErrorNotice, problemOf } from '../../components/states.tsx';
import { client } from '../../session.ts';
import { Badge, Button } from '../../ui/buttons.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Checkbox, TextField } from '../../ui/fields.tsx';
import { Form, textOf } from '../../ui/form.tsx';
import { showToast } from '../../ui/toasts.tsx';

type ModelsProps = { provider: LlmProvider; isManaged: boolean; changed: () => Promise<unknown> };

/** The models of a provider, with the default and connection tests. */
export function Models({ provider, isManaged, changed }: ModelsProps) {
  const [adding, setAdding] = useState(false);
  return (
    <>
      {provider.models.length === 0 && <p className="muted">No models yet.</p>}
      <ul className="models">
        {provider.models.map((model) => (
          <Model key={model.id} provider={provider} model={model} isManaged={isManaged} changed={changed} />
        ))}
      </ul>
      {isManaged && (
        <div>
          <Button icon="add" onClick={() => setAdding(true)} aria-label={`Add a model to ${provider.name}`}>
            Add a model
          </Button>
        </div>
      )}
      {adding && <NewModel provider={provider} changed={changed} onClose={() => setAdding(false)} />}
    </>
  );
}

function Model({ provider, model, isManaged, changed }: ModelsProps & { model: LlmModel }) {
  const request = { params: { provider_id: provider.id, model_id: model.id }, query: { scope: provider.scope } };
  const test = useMutation({ mutationFn: () => client.llmModels.test(request) });
  const prefer = useMutation({ mutationFn: () => client.llmModels.update({ ...request, body: { is_default: true } }), onSuccess: changed });
  const remove = useMutation({ mutationFn: () => client.llmModels.delete(request), onSuccess: changed });
  const error = test.error ?? prefer.error ?? remove.error;
  return (
    <li>
      <span className="name">
        <code>{model.model}</code> {model.is_default && <Badge tone="accent">default</Badge>}{' '}
        {test.data && <Badge tone={test.data.success ? 'good' : 'danger'}>{verdictOf(test.data)}</Badge>}
      </span>
      {isManaged && (
        <span className="actions">
          <Button kind="ghost" busy={test.isPending} onClick={() => test.mutate()} aria-label={`Test ${model.model}`}>
            Test
          </Button>
          {!model.is_default && (
            <Button kind="ghost" busy={prefer.isPending} onClick={() => prefer.mutate()} aria-label={`Make ${model.model} the default`}>
              Make default
            </Button>
          )}
          <Button kind="ghost" busy={remove.isPending} onClick={() => remove.mutate()} aria-label={`Remove ${model.model}`}>
            Remove
          </Button>
        </span>
      )}
      {error && <ErrorNotice error={error} />}
    </li>
  );
}

const verdictOf = ({ success, latency_ms, error }: LlmModelTest) =>
  success ? `responded in ${duration(latency_ms)}` : (error ?? 'no response');

function NewModel({ provider, changed, onClose }: Omit<ModelsProps, 'isManaged'> & { onClose: () => void }) {
  const offered = useQuery({
    queryKey: ['available-models', provider.id],
    queryFn: () => client.llmProviders.availableModels({ params: { provider_id: provider.id }, query: { scope: provider.scope } }),
    retry: false,
  });
  return (
    <Dialog title={`Add a model to “${provider.name}”`} onClose={onClose}>
      <Form
        submit="Add"
        onCancel={onClose}
        onSubmit={async (values) => {
          await client.llmModels.create({
            params: { provider_id: provider.id },
            query: { scope: provider.scope },
            body: { model: textOf(values, 'model'), is_default: values.has('is_default') },
          });
          await changed();
          onClose();
          showToast('Added');
        }}
      >
        {(error) => (
          <>
            <TextField
              label="Model"
              name="model"
              list={`models-of-${provider.id}`}
              autoComplete="off"
              required
              hint={
                offered.data
                  ? `The provider offers ${offered.data.models.length} models. Type to search.`
                  : 'The name that the provider uses.'
              }
              problem={problemOf(error, 'model')}
            />
            <datalist id={`models-of-${provider.id}`}>
              {offered.data?.models
                .filter(({ configured }) => !configured)
                .map(({ id }) => (
                  <option key={id} value={id} />
                ))}
            </datalist>
            <Checkbox name="is_default" label="Default model" defaultChecked={provider.models.length === 0} />
          </>
        )}
      </Form>
    </Dialog>
  );
}
