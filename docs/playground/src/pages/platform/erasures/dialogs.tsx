import type { AdminAccount, Erasure } from '../../../../../../client/index.ts';
import { ConfirmDialog, FormDialog } from '../../../resource/dialogs.tsx';
import { client } from '../../../session.ts';
import { TextField } from '../../../ui/fields.tsx';
import { textOf } from '../../../ui/form.tsx';
import { CurrentPassword, currentPasswordOf } from '../../security/currentPassword.tsx';

export const allErasuresKey = ['all-erasures'];

const fieldOf = { invalid_credentials: 'current_password', slug_mismatch: 'slug', account_not_found: 'account', not_found: 'user' };

const common = (values: FormData) => ({ current_password: currentPasswordOf(values), reference: textOf(values, 'reference') || null });

const CaseNumber = () => (
  <TextField
    label="Case number"
    name="reference"
    maxLength={200}
    hint="Optional. The proof will contain it, so do not enter personal data."
  />
);

/** Erases an account, which is entered for closed ones. */
export const EraseAccount = ({ account, onClose }: { account?: AdminAccount; onClose: () => void }) => (
  <FormDialog
    title={account ? `Erase ${account.name}?` : 'Erase an account'}
    submit="Schedule the erasure"
    kind="danger"
    done="Scheduled"
    fieldOf={fieldOf}
    changes={[allErasuresKey]}
    onClose={onClose}
    onSubmit={(values) =>
      client.adminErasures.account({
        params: { account_id: account?.id ?? textOf(values, 'account') },
        body: { slug: textOf(values, 'slug'), ...common(values) },
      })
    }
  >
    <p>A workspace, or an account that is closed. Members are told and can work until it is due; then the account is closed.</p>
    {!account && <TextField label="ID of the account" name="account" required />}
    <TextField label={account ? `Type ${account.slug} to confirm` : 'Slug of the account, to confirm'} name="slug" required />
    <CaseNumber />
    <CurrentPassword />
  </FormDialog>
);

export const EraseUser = ({ onClose }: { onClose: () => void }) => (
  <FormDialog
    title="Erase a deleted user"
    submit="Schedule the erasure"
    kind="danger"
    done="Scheduled"
    fieldOf={{ ...fieldOf, user_not_deleted: 'user' }}
    changes={[allErasuresKey]}
    onClose={onClose}
    onSubmit={(values) => client.adminErasures.user({ params: { user_id: textOf(values, 'user') }, body: common(values) })}
  >
    <p>Erases the personal account, and what is left of the user: name, sessions, devices and notifications.</p>
    <TextField label="ID of the user" name="user" hint="You find it in the platform audit log, in the entry user.delete." required />
    <CaseNumber />
    <CurrentPassword />
  </FormDialog>
);

export const CancelErasure = ({ erasure: { id, account_slug: slug }, onClose }: { erasure: Erasure; onClose: () => void }) => (
  <ConfirmDialog
    title={`Cancel the erasure of ${slug}?`}
    confirm="Cancel the erasure"
    done="Canceled"
    changes={[allErasuresKey]}
    onClose={onClose}
    action={() => client.adminErasures.cancel({ params: { erasure_id: id } })}
  >
    The account and its data stay as they are.
  </ConfirmDialog>
);
