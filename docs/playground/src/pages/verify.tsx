import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { Door } from '../parts/door.tsx';
import { ErrorNotice, Loading } from '../parts/states.tsx';
import { client } from '../session.ts';

/** Where the link of a verification mail leads. */
export default function Verify() {
  const token = new URLSearchParams(location.search).get('token') ?? '';
  const { data, error } = useQuery({
    queryKey: ['verify', token],
    queryFn: () => client.auth.confirmEmail({ body: { token } }),
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (!data && !error) return <Loading />;
  return (
    <Door title={data ? 'Your address is verified' : 'This link does not work'} aside={<Link href="/">Go on</Link>}>
      {error && <ErrorNotice error={error} />}
      {data && (
        <p>If this is not the browser in which you registered, your password has ended: sign in with a mailed code and set a new one.</p>
      )}
    </Door>
  );
}
