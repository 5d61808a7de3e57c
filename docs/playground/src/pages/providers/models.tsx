import { useMutation } from '@tanstack/react-query';
import type { LlmModel, LlmModelTest, LlmProvider } from '../../../../../client/index.ts';
import { duration } from '../../components/format.tsx';
import { messageOf } from '../../components/states.tsx';
import { type Column, Table } from '../../components/table.tsx';
import { providersKey } from '../../providers.ts';
import { ConfirmDialog, type OpenDialog, useAction } from '../../resource/dialogs.tsx';
import { RowMenu } from '../../resource/rowMenu.tsx';
import { client } from '../../session.ts';
import { Badge, Button } from '../../ui/buttons.tsx';
import { pricePerMillion } from './features.ts';
import { ModelForm } from './modelForm.tsx';

type ModelsProps = { provider: LlmProvider; isManaged: boolean; open: OpenDialog };

/** The models of a provider with their prices, in US dollars for a million tokens. */
export function Models({ provider, isManaged, open }: ModelsProps) {
  if (provider.models.length === 0) return <p className="muted">No models yet.</p>;
  const columns: Column<LlmModel>[] = [
    {
      title: 'Model',
      cell: ({ model, is_default, show_in_picker }) => (
        <>
          <code>{model}</code> {is_default && <Badge tone="accent">Default</Badge>} {!show_in_picker && <Badge>Hidden</Badge>}
        </>
      ),
    },
    { title: 'Input / 1M', isNumber: true, cell: ({ cost_per_1k_input }) => pricePerMillion(cost_per_1k_input) },
    { title: 'Output / 1M', isNumber: true, cell: ({ cost_per_1k_output }) => pricePerMillion(cost_per_1k_output) },
  ];
  const actions: Column<LlmModel> = {
    title: 'Actions',
    isActions: true,
    cell: (model) => <Actions provider={provider} model={model} open={open} />,
  };
  return (
    <Table
      caption={`Models of ${provider.name}`}
      columns={isManaged ? [...columns, actions] : columns}
      rows={provider.models}
      keyOf={({ id }) => id}
    />
  );
}

function Actions({ provider, model, open }: { provider: LlmProvider; model: LlmModel; open: OpenDialog }) {
  const request = { params: { provider_id: provider.id, model_id: model.id }, query: { scope: provider.scope } };
  const test = useMutation({ mutationFn: () => client.llmModels.test(request) });
  const run = useAction();
  return (
    <>
      {test.data && <Badge tone={test.data.success ? 'good' : 'danger'}>{verdictOf(test.data)}</Badge>}
      {test.error && <Badge tone="danger">{messageOf(test.error)}</Badge>}
      <Button kind="ghost" busy={test.isPending} onClick={() => test.mutate()} aria-label={`Test ${model.model}`}>
        Test
      </Button>
      <RowMenu
        of={model.model}
        actions={[
          {
            label: 'Edit',
            icon: 'edit',
            run: () => open((close) => <ModelForm provider={provider} model={model} onClose={close} />),
          },
          !model.is_default && {
            label: 'Make default',
            icon: 'check',
            run: () =>
              run(
                () => client.llmModels.update({ ...request, body: { is_default: true } }),
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
                  action={() => client.llmModels.delete(request)}
                >
                  New runs cannot use it. Active runs can finish.
                </ConfirmDialog>
              )),
          },
        ]}
      />
    </>
  );
}

const verdictOf = ({ success, latency_ms, error }: LlmModelTest) =>
  success ? `Responded in ${duration(latency_ms)}` : (error ?? 'No response');
