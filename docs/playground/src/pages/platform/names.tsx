import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { client } from '../../session.ts';

/** Names change rarely, and the same ones appear in many rows. */
const staleTime = 5 * 60_000;

/** A link to a user by name; their ID if they were deleted. */
export function UserName({ id }: { id: string }) {
  const user = useQuery({ queryKey: ['users', id], queryFn: () => client.users.get({ params: { user_id: id } }), staleTime });
  return user.error ? <ShortId id={id} /> : <Link href={`/settings/users/${id}`}>{user.data?.username ?? <ShortId id={id} />}</Link>;
}

/** A link to an account by name; its ID if it was closed. */
export function AccountName({ id }: { id: string }) {
  const account = useQuery({
    queryKey: ['accounts', id],
    queryFn: () => client.adminAccounts.get({ params: { account_id: id } }),
    staleTime,
  });
  return account.error ? <ShortId id={id} /> : <Link href={`/settings/accounts/${id}`}>{account.data?.name ?? <ShortId id={id} />}</Link>;
}

/** The start of an ID; the tooltip shows all of it. */
export const ShortId = ({ id }: { id: string }) => (
  <code className="short-id" title={id}>
    {id.slice(0, 8)}…
  </code>
);
