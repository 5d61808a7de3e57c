import { useQueryClient } from '@tanstack/react-query';
import type { FeatureFlag, FlagOverride } from '../../../../../../client/index.ts';
import { Empty } from '../../../components/states.tsx';
import type { Column } from '../../../components/table.tsx';
import { useAction } from '../../../resource/dialogs.tsx';
import { List, useList } from '../../../resource/list.tsx';
import { client } from '../../../session.ts';
import { Badge } from '../../../ui/buttons.tsx';
import { Dialog } from '../../../ui/dialog.tsx';
import { Checkbox } from '../../../ui/fields.tsx';
import { Form, textOf } from '../../../ui/form.tsx';
import { showToast } from '../../../ui/toasts.tsx';
import { AccountField } from '../accounts/accountField.tsx';
import { AccountName } from '../names.tsx';

/** The accounts for which a flag differs from its default. */
export function Overrides({ flag, onClose }: { flag: FeatureFlag; onClose: () => void }) {
  const queries = useQueryClient();
  const act = useAction();
  const params = { key: flag.key };
  const queryKey = ['feature-flags', flag.key];
  const overrides = useList(queryKey, (page) => client.featureFlags.listOverrides({ params, query: page }));
  return (
    <Dialog title={flag.key} onClose={onClose} side>
      <div className="form">
        <List
          caption="Account overrides"
          query={overrides}
          columns={columns}
          keyOf={({ account_id }) => account_id}
          actionsOf={({ account_id }) => [
            {
              label: 'Delete',
              icon: 'remove',
              run: () => act(() => client.featureFlags.deleteOverride({ params: { ...params, account_id } }), 'Override deleted', queryKey),
            },
          ]}
          empty={<Empty title="No account overrides">The flag has its default in every account.</Empty>}
        />
        <Form
          submit="Set"
          onSubmit={async (values) => {
            const body = { account_id: textOf(values, 'account_id'), enabled: values.has('enabled') };
            await client.featureFlags.setOverride({ params, body });
            await queries.invalidateQueries({ queryKey });
            showToast('Override set');
          }}
        >
          <AccountField name="account_id" />
          <Checkbox name="enabled" label="On for this account" defaultChecked={!flag.default_value} />
        </Form>
      </div>
    </Dialog>
  );
}

const columns: Column<FlagOverride>[] = [
  { title: 'Account', cell: ({ account_id }) => <AccountName id={account_id} /> },
  { title: 'State', cell: ({ enabled }) => <Badge tone={enabled ? 'good' : ''}>{enabled ? 'on' : 'off'}</Badge> },
];
