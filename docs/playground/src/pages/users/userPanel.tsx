import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { UserChanges, UserDetail } from '../../../../../client/index.ts';
import { When } from '../../components/format.tsx';
import { ErrorNotice, QueryState } from '../../components/states.tsx';
import { client } from '../../session.ts';
import { Badge, Button } from '../../ui/buttons.tsx';
import { Confirm, Dialog } from '../../ui/dialog.tsx';
import { showToast } from '../../ui/toasts.tsx';

type UserPanelProps = { userId: string; onClose: () => void };

/** Details of a user and administrator actions. */
export function UserPanel({ userId, onClose }: UserPanelProps) {
  const user = useQuery({ queryKey: ['users', userId], queryFn: () => client.users.get({ params: { user_id: userId } }) });
  return (
    <Dialog title={user.data?.username ?? 'User'} onClose={onClose} side>
      <QueryState query={user}>{(data) => <Detail user={data} onClose={onClose} />}</QueryState>
    </Dialog>
  );
}

function Detail({ user, onClose }: { user: UserDetail; onClose: () => void }) {
  const queries = useQueryClient();
  const [asking, ask] = useState<'suspend' | 'delete'>();
  const params = { user_id: user.id };
  const changed = () => queries.invalidateQueries({ queryKey: ['users'] });
  const change = useMutation({
    mutationFn: (body: UserChanges) => client.users.update({ params, body }),
    onSuccess: async () => {
      await changed();
      showToast('Saved');
    },
  });
  const suspended = user.status === 'suspended';
  return (
    <div className="form">
      <Facts user={user} />
      {change.error && <ErrorNotice error={change.error} />}
      <div className="actions">
        <Button busy={change.isPending} onClick={() => change.mutate({ is_platform_admin: !user.is_platform_admin })}>
          {user.is_platform_admin ? 'Remove administrator rights' : 'Make administrator'}
        </Button>
        {suspended ? (
          <Button busy={change.isPending} onClick={() => change.mutate({ status: 'active' })}>
            Activate
          </Button>
        ) : (
          <Button onClick={() => ask('suspend')}>Suspend</Button>
        )}
        <Button kind="danger" onClick={() => ask('delete')}>
          Delete
        </Button>
      </div>
      {asking === 'suspend' && (
        <Confirm
          title={`Suspend ${user.username}?`}
          confirm="Suspend"
          onClose={() => ask(undefined)}
          onConfirm={() => client.users.update({ params, body: { status: 'suspended' } }).then(changed)}
        >
          <p>
            All sessions end, API keys are rejected, and runs are stopped. You can activate the user again, but their sessions stay ended.
          </p>
        </Confirm>
      )}
      {asking === 'delete' && (
        <Confirm
          title={`Delete ${user.username}?`}
          confirm="Delete"
          typed={user.login ?? user.username}
          onClose={() => ask(undefined)}
          onConfirm={async () => {
            await client.users.delete({ params });
            queries.removeQueries({ queryKey: ['users', user.id] });
            onClose();
            await changed();
            showToast('Deleted');
          }}
        >
          <p>The personal account and workspaces without another member are closed. This cannot be undone.</p>
        </Confirm>
      )}
    </div>
  );
}

const Facts = ({ user }: { user: UserDetail }) => (
  <dl className="facts">
    <dt>Login</dt>
    <dd>{user.login ?? '–'}</dd>
    <dt>Email</dt>
    <dd>
      {user.email ?? '–'} {user.email && !user.email_verified_at && <Badge tone="warning">not verified</Badge>}
    </dd>
    <dt>Status</dt>
    <dd>
      <Badge tone={user.status === 'active' ? 'good' : 'warning'}>{user.status}</Badge>{' '}
      {user.is_platform_admin && <Badge tone="accent">administrator</Badge>}
    </dd>
    <dt>Registered</dt>
    <dd>
      <When at={user.created_at} />
    </dd>
    <dt>Last seen</dt>
    <dd>{user.last_login_at ? <When at={user.last_login_at} /> : 'never'}</dd>
    <dt>Accounts</dt>
    <dd>{user.accounts.map(({ name, role }) => `${name} (${role.replaceAll('_', ' ')})`).join(', ') || '–'}</dd>
  </dl>
);
