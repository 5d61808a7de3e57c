import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { Link, useLocation } from 'wouter';
import { ApiError, type ProviderAnswer } from '../../../../../client/index.ts';
import { SignedOutPage } from '../../components/signedOutPage.tsx';
import { ErrorNotice, Loading } from '../../components/states.tsx';
import { client, signedIn } from '../../session.ts';
import { TextField } from '../../ui/fields.tsx';
import { Form, textOf } from '../../ui/form.tsx';
import { showToast } from '../../ui/toasts.tsx';
import SignIn, { SecondFactor } from '../signIn.tsx';
import { hasLinkToken, keepLinkToken, purposeOf, signInAt } from './flow.ts';

/** Where a provider returns to, for a sign-in or for an identity to link. */
export default function ProviderCallback({ id }: { id: string }) {
  const query = new URLSearchParams(location.search);
  const [state, code, iss] = ['state', 'code', 'iss'].map((name) => query.get(name) ?? undefined);
  if (state === undefined || code === undefined)
    return (
      <SignedOutPage title="Not signed in" aside={<Link href="/">Back</Link>}>
        <p>The provider did not confirm who you are.</p>
      </SignedOutPage>
    );
  const answer = { state, code, ...(iss && { iss }) };
  return purposeOf(state) === 'link' ? <Linking answer={answer} /> : <SigningIn id={id} answer={answer} />;
}

/** The code can be used once. */
const once = {
  staleTime: Number.POSITIVE_INFINITY,
  gcTime: Number.POSITIVE_INFINITY,
  refetchOnWindowFocus: false,
  refetchOnReconnect: false,
} as const;

function SigningIn({ id, answer }: { id: string; answer: ProviderAnswer }) {
  const [, navigate] = useLocation();
  const { data, error } = useQuery({
    queryKey: ['provider-sign-in', answer.state],
    queryFn: async () => {
      try {
        return await client.providerSignIn.complete({ params: { identity_provider_id: id }, body: answer });
      } catch (caught) {
        if (caught instanceof ApiError && caught.reason === 'identity_link_required')
          keepLinkToken(String(caught.details.link_token), Number(caught.details.expires_in));
        throw caught;
      }
    },
    ...once,
  });
  useEffect(() => {
    if (!data) return;
    // The address with the code does not remain in the history.
    navigate(data.return_to ?? '/', { replace: true });
    signedIn();
  }, [data, navigate]);
  if (!error) return <Loading what="Signing in" />;
  const reason = error instanceof ApiError ? error.reason : undefined;
  if (error instanceof ApiError && reason === 'second_factor_required')
    return (
      <SecondFactor
        challenge={{ token: String(error.details.challenge_token), hasPasskey: error.details.passkey === true }}
        onCancel={() => navigate('/sign-in', { replace: true })}
      />
    );
  if (reason === 'identity_link_required' && hasLinkToken()) return <SignIn />;
  if (reason === 'invite_code_required' || reason === 'invite_code_invalid') return <InviteCode id={id} error={error} />;
  return (
    <SignedOutPage title="Not signed in" aside={<Link href="/sign-in">Back to sign-in</Link>}>
      <ErrorNotice error={error} />
    </SignedOutPage>
  );
}

const InviteCode = ({ id, error }: { id: string; error: unknown }) => (
  <SignedOutPage
    title="Invite code"
    intro="This server registers only people with an invite code."
    aside={<Link href="/sign-in">Back to sign-in</Link>}
  >
    {error instanceof ApiError && error.reason === 'invite_code_invalid' && <p className="notice warning">This code is not valid.</p>}
    <Form submit="Continue" wide onSubmit={(values) => signInAt(id, textOf(values, 'invite_code'))}>
      <TextField label="Invite code" name="invite_code" autoFocus required />
    </Form>
  </SignedOutPage>
);

function Linking({ answer }: { answer: ProviderAnswer }) {
  const [, navigate] = useLocation();
  const { data, error } = useQuery({
    queryKey: ['identity-link', answer.state],
    queryFn: () => client.identities.complete({ body: answer }),
    ...once,
  });
  useEffect(() => {
    if (!data) return;
    showToast(`${data.provider_name ?? 'The identity'} is linked`);
    navigate('/settings/security', { replace: true });
  }, [data, navigate]);
  if (!error) return <Loading what="Linking" />;
  return (
    <SignedOutPage title="The identity is not linked" aside={<Link href="/settings/security">Back to the settings</Link>}>
      <ErrorNotice error={error} />
    </SignedOutPage>
  );
}
