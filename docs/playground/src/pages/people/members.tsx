import type { Invitation, Member, MemberRole } from '../../../../../client/index.ts';
import { asWords, When } from '../../components/format.tsx';
import { Page, Section } from '../../components/page.tsx';
import { usePages } from '../../components/paging.tsx';
import { Empty, QueryState } from '../../components/states.tsx';
import type { Column } from '../../components/table.tsx';
import { useMay, useMe } from '../../me.ts';
import { ConfirmDialog, FormDialog, type OpenDialog, useAction, useDialog } from '../../resource/dialogs.tsx';
import { PagedRows } from '../../resource/resourceList.tsx';
import { client } from '../../session.ts';
import { Badge, Button, Copyable } from '../../ui/buttons.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/fields.tsx';
import { textOf } from '../../ui/form.tsx';
import { Select } from '../../ui/select.tsx';
import { membersKey, roleOf, roleOptions, useAccount, useNameOf } from './account.ts';
import { PersonalAccount } from './personalAccount.tsx';

const invitationsKey = ['invitations'];

/** The people of the active account, and the open invitations. */
export default function Members() {
  const account = useAccount();
  const mayInvite = useMay('account.members.invite');
  const [dialog, open] = useDialog();
  const isWorkspace = account.data?.type === 'workspace';
  const invite = (accountId: string) => (
    <Button kind="primary" icon="add" onClick={() => open((close) => <Invite accountId={accountId} open={open} onClose={close} />)}>
      Invite
    </Button>
  );
  return (
    <Page
      title="Members"
      intro={isWorkspace ? `The people who work in ${account.data?.name}.` : undefined}
      actions={isWorkspace && mayInvite && account.data && invite(account.data.id)}
    >
      <QueryState query={account}>
        {({ id, type }) =>
          type === 'workspace' ? (
            <>
              <MemberList accountId={id} open={open} />
              <Invitations accountId={id} open={open} />
            </>
          ) : (
            <PersonalAccount open={open} />
          )
        }
      </QueryState>
      {dialog}
    </Page>
  );
}

type ListProps = { accountId: string; open: OpenDialog };

function MemberList({ accountId, open }: ListProps) {
  const me = useMe().data;
  const [mayChange, mayRemove] = [useMay('account.members.invite'), useMay('account.members.revoke')];
  const run = useAction();
  const params = { account_id: accountId };
  const members = usePages([...membersKey, accountId], (page) => client.accounts.members({ params, query: page }));
  const give = ({ user_id, username }: Member, role: MemberRole) =>
    run(
      () => client.accounts.updateMember({ params: { ...params, user_id }, body: { role } }),
      `${username} is now ${role === 'admin' ? 'an admin' : 'a member'}`,
      membersKey,
      ['me'],
    );
  const columns: Column<Member>[] = [
    {
      title: 'Name',
      cell: ({ username, email, user_id }) => (
        <>
          {username} {user_id === me?.id && <Badge>You</Badge>}
          {email && <div className="muted small">{email}</div>}
        </>
      ),
    },
    { title: 'Role', cell: ({ role }) => <Role role={role} /> },
    { title: 'Second factor', cell: ({ second_factor }) => <Factor factor={second_factor} /> },
    { title: 'Joined', cell: ({ created_at }) => <When at={created_at} /> },
  ];
  return (
    <PagedRows
      query={members}
      caption="Members"
      columns={columns}
      keyOf={({ user_id }) => user_id}
      nameOf={({ username }) => username}
      textOf={({ username, email }) => `${username} ${email ?? ''}`}
      empty={<Empty title="No members" />}
      actionsOf={(member) => [
        mayChange && member.role === 'member' && { label: 'Make admin', icon: 'shield', run: () => give(member, 'admin') },
        mayChange && member.role === 'admin' && { label: 'Make member', icon: 'user', run: () => give(member, 'member') },
        (mayRemove || member.user_id === me?.id) && {
          label: member.user_id === me?.id ? 'Leave' : 'Remove',
          icon: 'remove',
          isDangerous: true,
          run: () => open((close) => <Removal member={member} isMe={member.user_id === me?.id} onClose={close} />),
        },
      ]}
    />
  );
}

const factors = { none: 'None', passkey: 'Passkey', authenticator_app: 'App' } as const;
const Factor = ({ factor }: { factor: Member['second_factor'] }) => (
  <Badge tone={factor === 'none' ? 'warning' : 'good'}>{factors[factor] ?? asWords(factor)}</Badge>
);

const Role = ({ role }: { role: string }) => <Badge tone={role === 'member' ? '' : 'accent'}>{asWords(role)}</Badge>;

const Removal = ({ member, isMe, onClose }: { member: Member; isMe: boolean; onClose: () => void }) => (
  <ConfirmDialog
    title={isMe ? 'Leave this workspace?' : `Remove ${member.username}?`}
    confirm={isMe ? 'Leave' : 'Remove'}
    done={isMe ? 'You have left the workspace' : `${member.username} was removed`}
    changes={[membersKey, invitationsKey, ['me']]}
    onClose={onClose}
    action={() => client.accounts.removeMember({ params: { account_id: member.account_id, user_id: member.user_id } })}
  >
    API keys, open invitations and share links of {isMe ? 'yours' : member.username} in this workspace end at once. Chats and projects stay.
  </ConfirmDialog>
);

function Invitations({ accountId, open }: ListProps) {
  const mayRevoke = useMay('account.members.revoke');
  const nameOf = useNameOf();
  const invitations = usePages([...invitationsKey, accountId], (page) =>
    client.invitations.list({ params: { account_id: accountId }, query: page }),
  );
  const columns: Column<Invitation>[] = [
    { title: 'Email', cell: ({ email }) => email },
    { title: 'Role', cell: ({ role }) => <Role role={role} /> },
    { title: 'Invited by', cell: ({ invited_by_user_id }) => nameOf(invited_by_user_id) },
    { title: 'Expires', cell: ({ expires_at }) => <When at={expires_at} /> },
  ];
  return (
    <Section title="Open invitations">
      <PagedRows
        query={invitations}
        caption="Open invitations"
        columns={columns}
        keyOf={({ id }) => id}
        nameOf={({ email }) => email}
        empty={<Empty title="No open invitations">An invitation can be accepted for seven days.</Empty>}
        actionsOf={(invitation) => [
          mayRevoke && {
            label: 'Revoke',
            icon: 'remove',
            isDangerous: true,
            run: () => open((close) => <Revocation invitation={invitation} onClose={close} />),
          },
        ]}
      />
    </Section>
  );
}

const Revocation = ({ invitation: { id, email }, onClose }: { invitation: Invitation; onClose: () => void }) => (
  <ConfirmDialog
    title={`Revoke the invitation of ${email}?`}
    confirm="Revoke"
    done="Invitation revoked"
    changes={[invitationsKey]}
    onClose={onClose}
    action={() => client.invitations.revoke({ params: { invitation_id: id } })}
  >
    The link in the email stops working. You can invite the address again.
  </ConfirmDialog>
);

type InviteProps = { accountId: string; open: OpenDialog; onClose: () => void };

function Invite({ accountId, open, onClose }: InviteProps) {
  return (
    <FormDialog
      title="Invite a person"
      submit="Send the invitation"
      fieldOf={{ already_member: 'email', already_invited: 'email', invitation_rate_limited: 'email' }}
      changes={[invitationsKey]}
      onClose={onClose}
      onSubmit={async (values) => {
        const body = { email: textOf(values, 'email'), role: roleOf(values) };
        const { email, token } = await client.invitations.create({ params: { account_id: accountId }, body });
        open((close) => <Invited email={email} token={token} onClose={close} />);
      }}
    >
      <TextField label="Email" name="email" type="email" autoComplete="off" required />
      <Select
        label="Role"
        name="role"
        defaultValue="member"
        options={roleOptions}
        hint="Admins also manage members, models, tools and settings."
      />
    </FormDialog>
  );
}

/** The token of an invitation is returned only once. */
const Invited = ({ email, token, onClose }: { email: string; token: string; onClose: () => void }) => (
  <Dialog title="Invitation created" onClose={onClose}>
    <div className="form">
      <p>
        If this server sends mail, {email} gets this link. You can also send it yourself. It is shown only now, and works only for this
        address.
      </p>
      <Copyable text={`${location.origin}/invitations/${token}`} label="Copy the link" />
      <div className="actions">
        <Button kind="primary" onClick={onClose}>
          Done
        </Button>
      </div>
    </div>
  </Dialog>
);
