import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { SignedOutPage } from '../components/signedOutPage.tsx';
import { ErrorNotice, Loading } from '../components/states.tsx';
import { client } from '../session.ts';

/** Target of the link in a verification mail. */
export default function Verify() {
  const token = new URLSearchParams(location.search).get('token') ?? '';
  const { data, error } = useQuery({
    queryKey: ['verify', token],
    queryFn: () => client.auth.confirmEmail({ body: { token } }),
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (!data && !error) return <Loading />;
  return (
    <SignedOutPage title={data ? 'Your address is verified' : 'This link does not work'} aside={<Link href="/">Continue</Link>}>
      {error && <ErrorNotice error={error} />}
      {data && <p>If you registered in another browser, your password is no longer valid: sign in with a mailed code and set a new one.</p>}
    </SignedOutPage>
  );
}
