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
    </Door>
  );
}
