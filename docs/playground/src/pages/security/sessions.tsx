import type { UserSession } from '../../../../../client/index.ts';
import { When } from '../../components/format.tsx';
import { usePages } from '../../components/paging.tsx';
import { Empty } from '../../components/states.tsx';
import type { Column } from '../../components/table.tsx';
import { ConfirmDialog, useDialog } from '../../resource/dialogs.tsx';
import { PagedRows } from '../../resource/resourceList.tsx';
import { client, signOut } from '../../session.ts';
import { Badge, Button } from '../../ui/buttons.tsx';
import { Confirm } from '../../ui/dialog.tsx';

export const sessionsKey = ['sessions'];

/** The devices on which the user is signed in. */
export function Sessions() {
  const sessions = usePages(sessionsKey, (page) => client.sessions.list({ query: page }));
  const [dialog, open] = useDialog();
  return (
    <>
      <p className="muted">End a session that you do not know, and change your password. API keys stay valid.</p>
      <PagedRows
        query={sessions}
        caption="Sessions"
        columns={columns}
        keyOf={({ id }) => id}
        nameOf={nameOf}
        actionsOf={(session) => [
          session.is_current
            ? { label: 'Sign out', icon: 'logout', run: () => void signOut() }
            : {
                label: 'End session',
                icon: 'logout',
                isDangerous: true,
                run: () => open((close) => <EndSession session={session} onClose={close} />),
              },
        ]}
        empty={<Empty title="No sessions" />}
      />
      <div className="actions">
        <Button icon="device" onClick={() => open((close) => <EndOthers onClose={close} />)}>
          End all other sessions
        </Button>
        <Button kind="ghost" icon="logout" onClick={() => open((close) => <SignOutEverywhere onClose={close} />)}>
          Sign out of all devices
        </Button>
      </div>
      {dialog}
    </>
  );
}

const nameOf = ({ device, user_agent }: UserSession) => device ?? (user_agent?.trim() || 'Unknown device');

const columns: Column<UserSession>[] = [
  {
    title: 'Device',
    cell: (session) => (
      <>
        <span title={session.user_agent ?? undefined}>{nameOf(session)}</span>{' '}
        {session.is_current && <Badge tone="good">This device</Badge>}
        {session.ip_address !== null && <div className="muted small">{session.ip_address}</div>}
      </>
    ),
  },
  { title: 'Signed in', cell: ({ created_at }) => <When at={created_at} /> },
  { title: 'Last used', cell: ({ last_used_at }) => <When at={last_used_at} /> },
];

const EndSession = ({ session, onClose }: { session: UserSession; onClose: () => void }) => (
  <ConfirmDialog
    title={`End the session on ${nameOf(session)}?`}
    confirm="End session"
    changes={[sessionsKey]}
    done="Session ended"
    onClose={onClose}
    action={() => client.sessions.delete({ params: { session_id: session.id } })}
  >
    The device is signed out at once.
  </ConfirmDialog>
);

const EndOthers = ({ onClose }: { onClose: () => void }) => (
  <ConfirmDialog
    title="End all other sessions?"
    confirm="End sessions"
    changes={[sessionsKey]}
    done="Sessions ended"
    onClose={onClose}
    action={() => client.sessions.deleteOthers()}
  >
    All devices but this one are signed out at once.
  </ConfirmDialog>
);

const SignOutEverywhere = ({ onClose }: { onClose: () => void }) => (
  <Confirm title="Sign out of all devices?" confirm="Sign out" onClose={onClose} onConfirm={() => signOut(true)}>
    <p>All sessions end, this one too. You can sign in again at once.</p>
  </Confirm>
);
