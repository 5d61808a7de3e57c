import type { AdminAccount } from '../../../../../../client/index.ts';
import { count } from '../../../components/format.tsx';
import { ConfirmDialog, FormDialog, type OpenDialog } from '../../../resource/dialogs.tsx';
import type { RowAction } from '../../../resource/rowMenu.tsx';
import { NumberField, numberOf } from '../../../resource/values.tsx';
import { client } from '../../../session.ts';
import { TextField } from '../../../ui/fields.tsx';
import { textOf } from '../../../ui/form.tsx';
import { EraseAccount } from '../erasures/dialogs.tsx';
import { OverrideForm } from './overrides.tsx';
import { Subscribe } from './subscription.tsx';

type OfAccount = { account: AdminAccount; onClose: () => void };

/** What an administrator can do with an account, in the list and on its page. */
export const accountActions = (account: AdminAccount, open: OpenDialog): RowAction[] => [
  { label: 'Adjust credits', icon: 'edit', run: () => open((close) => <AdjustCredits account={account} onClose={close} />) },
  { label: 'Subscribe to a plan', icon: 'add', run: () => open((close) => <Subscribe account={account} onClose={close} />) },
  { label: 'Set an override', icon: 'settings', run: () => open((close) => <OverrideForm account={account} onClose={close} />) },
  account.status === 'active'
    ? { label: 'Suspend', icon: 'stop', isDangerous: true, run: () => open((close) => <Suspend account={account} onClose={close} />) }
    : { label: 'Reactivate', icon: 'retry', run: () => open((close) => <Reactivate account={account} onClose={close} />) },
  account.type === 'workspace' && {
    label: 'Erase',
    icon: 'remove',
    isDangerous: true,
    run: () => open((close) => <EraseAccount account={account} onClose={close} />),
  },
];

const AdjustCredits = ({ account, onClose }: OfAccount) => (
  <FormDialog
    title={`Adjust credits of ${account.name}`}
    submit="Adjust"
    changes={[['accounts']]}
    done="Credits adjusted"
    onClose={onClose}
    onSubmit={(values) =>
      client.credits.adjust({
        body: { account_id: account.id, amount: numberOf(values, 'amount'), note: textOf(values, 'note') || undefined },
      })
    }
  >
    <p className="muted">The account has {count(account.available)} credits.</p>
    <NumberField label="Credits" name="amount" hint="A negative number deducts credits." autoFocus required />
    <TextField label="Note (optional)" name="note" hint="The account sees it in its ledger." maxLength={500} />
  </FormDialog>
);

const setStatus = (account: AdminAccount, status: AdminAccount['status']) =>
  client.adminAccounts.update({ params: { account_id: account.id }, body: { status } });

const Suspend = ({ account, onClose }: OfAccount) => (
  <ConfirmDialog
    title={`Suspend ${account.name}?`}
    confirm="Suspend"
    changes={[['accounts']]}
    done="Account suspended"
    onClose={onClose}
    action={() => setStatus(account, 'suspended')}
  >
    Its runs stop, and requests of its members and API keys are rejected until you reactivate the account.
  </ConfirmDialog>
);

const Reactivate = ({ account, onClose }: OfAccount) => (
  <ConfirmDialog
    title={`Reactivate ${account.name}?`}
    confirm="Reactivate"
    changes={[['accounts']]}
    done="Account reactivated"
    onClose={onClose}
    action={() => setStatus(account, 'active')}
  >
    Its members and API keys get access again. Stopped runs stay stopped.
  </ConfirmDialog>
);
