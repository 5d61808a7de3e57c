import { useState } from 'react';
import type { LlmModel, LlmModelTest, LlmProvider } from '../../../../../client/index.ts';
import { count, duration } from '../../components/format.tsx';
import { messageOf } from '../../components/states.tsx';
import type { Column } from '../../components/table.tsx';
import { providersKey } from '../../providers.ts';
import { ConfirmDialog, type OpenDialog, useAction } from '../../resource/dialogs.tsx';
import { Rows } from '../../resource/resourceList.tsx';
import type { RowAction } from '../../resource/rowMenu.tsx';
import { client } from '../../session.ts';
import { Badge } from '../../ui/buttons.tsx';
import { isOutdated } from './age.ts';
import { pricePerMillion } from './features.ts';
import { ModelForm } from './modelForm.tsx';

type ModelsProps = { provider: LlmProvider; isManaged: boolean; open: OpenDialog };

/** The result of a test, or the error of the request; undefined while it runs. */
type Tests = Readonly<Record<string, LlmModelTest | undefined>>;

/** The models of a provider with their prices, in US dollars for a million tokens. */
export function Models({ provider, isManaged, open }: ModelsProps) {
  const [tests, setTests] = useState<Tests>({});
  const run = useAction();
  const requestOf = ({ id }: LlmModel) => ({ params: { provider_id: provider.id, model_id: id }, query: { scope: provider.scope } });
  const test = async (model: LlmModel) => {
    const show = (result: LlmModelTest | undefined) => setTests((before) => ({ ...before, [model.id]: result }));
    show(undefined);
    show(
      await client.llmModels
        .test(requestOf(model))
        .catch((error: unknown) => ({ model_id: model.id, success: false, latency_ms: 0, error: messageOf(error) })),
    );
  };
  const columns: Column<LlmModel>[] = [
    {
      title: 'Model',
      cell: ({ id, model, is_default, show_in_picker }) => (
        <>
          <code>{model}</code> {is_default && <Badge tone="accent">Default</Badge>} {!show_in_picker && <Badge>Hidden</Badge>}{' '}
          {id in tests && <Verdict test={tests[id]} />}
        </>
      ),
    },
    { title: 'Context', isNumber: true, cell: ({ context_length: context }) => (context ? count(context) : '–') },
    { title: 'Input / 1M', isNumber: true, cell: ({ cost_per_1k_input }) => pricePerMillion(cost_per_1k_input) },
    { title: 'Output / 1M', isNumber: true, cell: ({ cost_per_1k_output }) => pricePerMillion(cost_per_1k_output) },
  ];
  const actionsOf = (model: LlmModel): RowAction[] => [
    { label: 'Test', icon: 'bolt', run: () => void test(model) },
    { label: 'Edit', icon: 'edit', run: () => open((close) => <ModelForm provider={provider} model={model} onClose={close} />) },
    !model.is_default && {
      label: 'Make default',
      icon: 'check',
      run: () =>
        run(
          () => client.llmModels.update({ ...requestOf(model), body: { is_default: true } }),
          `${model.model} is the default of ${provider.name}`,
          providersKey,
        ),
    },
    {
      label: 'Remove',
      icon: 'remove',
      isDangerous: true,
      run: () =>
        open((close) => (
          <ConfirmDialog
            title={`Remove “${model.model}”?`}
            confirm="Remove"
            done="Model removed"
            changes={[providersKey, ['available-models', provider.id]]}
            onClose={close}
            action={() => client.llmModels.delete(requestOf(model))}
          >
            New runs cannot use it. Active runs can finish.
          </ConfirmDialog>
        )),
    },
  ];
  return (
    <>
      <Rows
        caption={`Models of ${provider.name}`}
        query={{ data: provider.models, error: null, refetch: () => Promise.resolve() }}
        columns={columns}
        keyOf={({ id }) => id}
        nameOf={({ model }) => model}
        actionsOf={isManaged ? actionsOf : undefined}
        empty={<p className="muted">No models yet.</p>}
      />
      <KnownModels models={provider.models} />
    </>
  );
}

/** How old the published figures are. Own prices of the models take precedence over them. */
function KnownModels({ models }: { models: readonly LlmModel[] }) {
  const known = models.flatMap((model) => model.known ?? [])[0];
  if (!known) return null;
  return (
    <p className="muted small">
      Published figures of known models are as of {day.format(new Date(known.as_of))}
      {isOutdated(known.as_of) && ': more than a year ago'}. <a href={known.price_list}>Current prices</a>
    </p>
  );
}

const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeZone: 'UTC' });

const Verdict = ({ test }: { test: LlmModelTest | undefined }) => (
  <output>{test ? <Badge tone={test.success ? 'good' : 'danger'}>{verdictOf(test)}</Badge> : <Badge>Testing…</Badge>}</output>
);

const verdictOf = ({ success, latency_ms, error }: LlmModelTest) =>
  success ? `Responded in ${duration(latency_ms)}` : (error ?? 'No response');
