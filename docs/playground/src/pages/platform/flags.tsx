import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { FeatureFlag } from '../../../../../client/index.ts';
import { Page } from '../../components/page.tsx';
import { Empty, messageOf } from '../../components/states.tsx';
import type { Column } from '../../components/table.tsx';
import { ConfirmDialog, FormDialog, useDialog } from '../../resource/dialogs.tsx';
import { Rows } from '../../resource/resourceList.tsx';
import { client } from '../../session.ts';
import { Button } from '../../ui/buttons.tsx';
import { Checkbox, Switch, TextArea, TextField } from '../../ui/fields.tsx';
import { textOf } from '../../ui/form.tsx';
import { showToast } from '../../ui/toasts.tsx';
import { Overrides } from './flags/overrides.tsx';

const queryKey = ['feature-flags'];

/** Feature flags and their account overrides. */
export default function Flags() {
  const flags = useQuery({ queryKey, queryFn: () => client.featureFlags.list() });
  const [dialog, open] = useDialog();
  const add = (
    <Button kind="primary" icon="add" onClick={() => open((close) => <NewFlag onClose={close} />)}>
      New flag
    </Button>
  );
  return (
    <Page title="Feature flags" intro="A change applies immediately to every account without an override." actions={add}>
      <Rows
        caption="Feature flags"
        query={flags}
        columns={columns}
        keyOf={({ key }) => key}
        nameOf={({ key }) => key}
        textOf={({ key, description }) => `${key} ${description ?? ''}`}
        actionsOf={(flag) => [
          flag.supports_account_overrides && {
            label: 'Account overrides',
            icon: 'account',
            run: () => open((close) => <Overrides flag={flag} onClose={close} />),
          },
          {
            label: 'Delete',
            icon: 'remove',
            isDangerous: true,
            run: () => open((close) => <Delete flag={flag} onClose={close} />),
          },
        ]}
        empty={
          <Empty title="No flags" action={add}>
            A flag turns a feature on or off, for everybody or for single accounts.
          </Empty>
        }
      />
      {dialog}
    </Page>
  );
}

const columns: Column<FeatureFlag>[] = [
  {
    title: 'Flag',
    cell: ({ key, description }) => (
      <div className="excerpt">
        <code>{key}</code>
        {description && <div className="muted small">{description}</div>}
      </div>
    ),
  },
  { title: 'On', cell: (flag) => <Default flag={flag} /> },
];

/** Applies at once. Until the server has answered, the switch shows the chosen state. */
function Default({ flag }: { flag: FeatureFlag }) {
  const queries = useQueryClient();
  const change = useMutation({
    mutationFn: (default_value: boolean) => client.featureFlags.update({ params: { key: flag.key }, body: { default_value } }),
    onSuccess: () => queries.invalidateQueries({ queryKey }),
    onError: (error) => showToast(messageOf(error), { tone: 'danger' }),
  });
  return (
    <Switch
      label={<span className="for-readers">{flag.key}</span>}
      checked={change.isPending ? change.variables : flag.default_value}
      disabled={change.isPending}
      onChange={({ currentTarget }) => change.mutate(currentTarget.checked)}
    />
  );
}

const NewFlag = ({ onClose }: { onClose: () => void }) => (
  <FormDialog
    title="New flag"
    submit="Create"
    changes={[queryKey]}
    done="Flag created"
    onClose={onClose}
    onSubmit={(values) =>
      client.featureFlags.create({
        body: {
          key: textOf(values, 'key'),
          description: textOf(values, 'description') || undefined,
          default_value: values.has('default_value'),
        },
      })
    }
  >
    <TextField label="Key" name="key" placeholder="beta.search" required />
    <TextArea label="Description (optional)" name="description" rows={2} />
    <Checkbox name="default_value" label="On for every account without an override" />
  </FormDialog>
);

const Delete = ({ flag, onClose }: { flag: FeatureFlag; onClose: () => void }) => (
  <ConfirmDialog
    title={`Delete ${flag.key}?`}
    confirm="Delete"
    changes={[queryKey]}
    done="Flag deleted"
    onClose={onClose}
    action={() => client.featureFlags.delete({ params: { key: flag.key } })}
  >
    Its account overrides are deleted too. Programs that ask for the flag no longer find it.
  </ConfirmDialog>
);
