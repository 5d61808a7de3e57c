import { useQuery } from '@tanstack/react-query';
import type { Member, MemberRole } from '../../../../../client/index.ts';
import { listChoices } from '../../components/paging.tsx';
import { useMay, useMe } from '../../me.ts';
import { client } from '../../session.ts';

export const accountKey = ['account'];
export const membersKey = ['members'];

/** The active account. */
export function useAccount() {
  const id = useMe().data?.account_id;
  return useQuery({
    queryKey: [...accountKey, id],
    queryFn: () => client.accounts.get({ params: { account_id: id! } }),
    enabled: id !== undefined,
  });
}

/** The members of the active account for a choice or for names. Empty without the permission to list them. */
export function useMembers(): readonly Member[] {
  const id = useMe().data?.account_id;
  const mayList = useMay('account.members.list');
  const members = useQuery({
    queryKey: [...membersKey, 'names', id],
    queryFn: () => listChoices((query) => client.accounts.members({ params: { account_id: id! }, query })),
    enabled: id !== undefined && mayList,
    structuralSharing: false,
  });
  return members.data ?? [];
}

/** Returns the name of a user: "You", the name of a member, or the ID. */
export function useNameOf(): (userId: string | null) => string {
  const me = useMe().data;
  const members = useMembers();
  return (userId) => {
    if (userId === null) return 'Deleted user';
    if (userId === me?.id) return 'You';
    return members.find(({ user_id }) => user_id === userId)?.username ?? `User ${userId.slice(0, 8)}`;
  };
}

export const roleOptions = [
  { value: 'member', label: 'Member', description: 'Works with chats, projects and own API keys.' },
  { value: 'admin', label: 'Admin', description: 'Also manages members, models, tools and settings.' },
] as const;

/** The role that was chosen in a form. */
export const roleOf = (values: FormData): MemberRole => (values.get('role') === 'admin' ? 'admin' : 'member');
