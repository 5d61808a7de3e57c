import { useQueryClient } from '@tanstack/react-query';
import { useLocation } from 'wouter';
import type { User, UserChanges } from '../../../../../../client/index.ts';
import { ConfirmDialog, FormDialog, type OpenDialog } from '../../../resource/dialogs.tsx';
import type { RowAction } from '../../../resource/rowMenu.tsx';
import { client } from '../../../session.ts';
import { Checkbox, TextField } from '../../../ui/fields.tsx';
import { textOf } from '../../../ui/form.tsx';

type OfUser = { user: User; onClose: () => void };

/** What an administrator can do with a user, in the list and on their page. Nobody can suspend or delete themselves. */
export function userActions(user: User, open: OpenDialog, isSelf: boolean): (RowAction | false)[] {
  // The built-in service user cannot sign in.
  if (user.login === null) return [];
  return [
    { label: 'Edit', icon: 'edit', run: () => open((close) => <Edit user={user} onClose={close} />) },
    !isSelf && {
      label: user.is_platform_admin ? 'Remove administrator rights' : 'Make administrator',
      icon: 'shield',
      run: () => open((close) => <Rights user={user} onClose={close} />),
    },
    !isSelf && {
      label: 'Remove second factor',
      icon: 'key',
      isDangerous: true,
      run: () => open((close) => <RemoveSecondFactor user={user} onClose={close} />),
    },
    !isSelf &&
      (user.status === 'active'
        ? { label: 'Suspend', icon: 'stop', isDangerous: true, run: () => open((close) => <Suspend user={user} onClose={close} />) }
        : { label: 'Reactivate', icon: 'retry', run: () => open((close) => <Activate user={user} onClose={close} />) }),
    !isSelf && { label: 'Delete', icon: 'remove', isDangerous: true, run: () => open((close) => <Delete user={user} onClose={close} />) },
  ];
}

const changes = [['users']];
const update = (user: User, body: UserChanges) => client.users.update({ params: { user_id: user.id }, body });

const Edit = ({ user, onClose }: OfUser) => (
  <FormDialog
    title={`Edit ${user.username}`}
    submit="Save"
    changes={changes}
    done="Saved"
    onClose={onClose}
    onSubmit={(values) => {
      const email = textOf(values, 'email') || null;
      return update(user, {
        username: textOf(values, 'username'),
        email,
        ...(email !== null && values.has('email_verified') && { email_verified: true }),
        timezone: textOf(values, 'timezone') || null,
        locale: textOf(values, 'locale') || null,
      });
    }}
  >
    <TextField label="Name" name="username" defaultValue={user.username} required />
    <TextField label="Email" name="email" type="email" defaultValue={user.email ?? ''} />
    <Checkbox name="email_verified" label="Mark the address as verified" defaultChecked={user.email_verified_at !== null} />
    <div className="in-a-row">
      <TextField label="Language" name="locale" placeholder="en-US" defaultValue={user.locale ?? ''} />
      <TextField label="Time zone" name="timezone" placeholder="Europe/Berlin" defaultValue={user.timezone ?? ''} />
    </div>
  </FormDialog>
);

const Rights = ({ user, onClose }: OfUser) => (
  <ConfirmDialog
    title={user.is_platform_admin ? `Remove the administrator rights of ${user.username}?` : `Make ${user.username} an administrator?`}
    confirm={user.is_platform_admin ? 'Remove the rights' : 'Make administrator'}
    changes={changes}
    done="Saved"
    onClose={onClose}
    action={() => update(user, { is_platform_admin: !user.is_platform_admin })}
  >
    {user.is_platform_admin
      ? 'They lose access to the pages of the platform with their next request.'
      : 'Administrators see and change every account, user and setting of this platform.'}
  </ConfirmDialog>
);

const RemoveSecondFactor = ({ user, onClose }: OfUser) => (
  <ConfirmDialog
    title={`Remove the second factor of ${user.username}?`}
    confirm="Remove"
    changes={changes}
    done="Second factor removed"
    onClose={onClose}
    action={() => client.users.removeSecondFactor({ params: { user_id: user.id } })}
  >
    For users who have lost their authenticator app and their recovery codes. Make sure that it is really them who asks: afterwards their
    password or an emailed code is enough to sign in.
  </ConfirmDialog>
);

const Suspend = ({ user, onClose }: OfUser) => (
  <ConfirmDialog
    title={`Suspend ${user.username}?`}
    confirm="Suspend"
    changes={changes}
    done="User suspended"
    onClose={onClose}
    action={() => update(user, { status: 'suspended' })}
  >
    All sessions end, API keys are rejected, and runs are stopped. You can activate the user again, but their sessions stay ended.
  </ConfirmDialog>
);

const Activate = ({ user, onClose }: OfUser) => (
  <ConfirmDialog
    title={`Reactivate ${user.username}?`}
    confirm="Reactivate"
    changes={changes}
    done="User reactivated"
    onClose={onClose}
    action={() => update(user, { status: 'active' })}
  >
    They can sign in again, and their API keys work again.
  </ConfirmDialog>
);

function Delete({ user, onClose }: OfUser) {
  const queries = useQueryClient();
  const [path, navigate] = useLocation();
  return (
    <ConfirmDialog
      title={`Delete ${user.username}?`}
      confirm="Delete"
      typed={user.login ?? user.username}
      changes={changes}
      done="User deleted"
      onClose={onClose}
      action={async () => {
        await client.users.delete({ params: { user_id: user.id } });
        if (path === `/settings/users/${user.id}`) navigate('/settings/users', { replace: true });
        queries.removeQueries({ queryKey: ['users', user.id] });
      }}
    >
      The personal workspace and those without another member are closed. This cannot be undone. To erase the data too, use the page
      Erasures afterwards, with the ID <code>{user.id}</code>.
    </ConfirmDialog>
  );
}
