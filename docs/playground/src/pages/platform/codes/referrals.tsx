import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import type { Referral, ReferralNode } from '../../../../../../client/index.ts';
import { When } from '../../../components/format.tsx';
import { Empty, QueryState } from '../../../components/states.tsx';
import type { Column } from '../../../components/table.tsx';
import { useDialog } from '../../../resource/dialogs.tsx';
import { List, useList } from '../../../resource/list.tsx';
import { client } from '../../../session.ts';
import { Badge } from '../../../ui/buttons.tsx';
import { Dialog } from '../../../ui/dialog.tsx';

export function Referrals() {
  const [dialog, open] = useDialog();
  const referrals = useList(['referrals'], (page) => client.referrals.list({ query: page }));
  return (
    <>
      <List
        caption="Referrals"
        query={referrals}
        columns={columns}
        keyOf={({ id }) => id}
        nameOf={({ invitee_login }) => invitee_login ?? 'deleted user'}
        actionsOf={(referral) => [
          {
            label: 'Show the tree of the inviter',
            icon: 'timeline',
            run: () => open((close) => <Tree referral={referral} onClose={close} />),
          },
        ]}
        empty={<Empty title="No referrals yet">Each registration with the invite code of another user appears here.</Empty>}
      />
      {dialog}
    </>
  );
}

function Tree({ referral, onClose }: { referral: Referral; onClose: () => void }) {
  const root = referral.inviter_user_id;
  const tree = useQuery({ queryKey: ['referrals', root], queryFn: () => client.referrals.tree({ query: { user_id: root } }) });
  return (
    <Dialog title={`Referrals of ${referral.inviter_login ?? 'a deleted user'}`} onClose={onClose} side>
      <QueryState query={tree}>{(nodes) => <Branch nodes={nodes} parent={root} />}</QueryState>
    </Dialog>
  );
}

const Branch = ({ nodes, parent }: { nodes: readonly ReferralNode[]; parent: string }) => {
  const children = nodes.filter(({ inviter_id }) => inviter_id === parent);
  return (
    children.length > 0 && (
      <ul className="tree">
        {children.map(({ user_id, login, created_at }) => (
          <li key={user_id}>
            <Name id={user_id} login={login} />{' '}
            <span className="muted small">
              <When at={created_at} />
            </span>
            <Branch nodes={nodes} parent={user_id} />
          </li>
        ))}
      </ul>
    )
  );
};

const Name = ({ id, login }: { id: string; login: string | null }) =>
  login === null ? 'deleted user' : <Link href={`/settings/users/${id}`}>{login}</Link>;

const columns: Column<Referral>[] = [
  { title: 'Inviter', cell: ({ inviter_user_id, inviter_login }) => <Name id={inviter_user_id} login={inviter_login} /> },
  { title: 'New user', cell: ({ invitee_user_id, invitee_login }) => <Name id={invitee_user_id} login={invitee_login} /> },
  { title: 'Reward', cell: ({ credited }) => (credited ? <Badge tone="good">Given</Badge> : <Badge>Not given</Badge>) },
  { title: 'Registered', cell: ({ created_at }) => <When at={created_at} /> },
];
