import { useState } from 'react';
import { Link } from 'wouter';
import { ApiError } from '../../../../client/index.ts';
import { FirstVerification, type PriorAccess, type SignUp, signUpOf } from '../components/forms/firstVerification.tsx';
import { SignedOutPage } from '../components/signedOutPage.tsx';
import { ErrorNotice } from '../components/states.tsx';
import { client } from '../session.ts';
import { Form } from '../ui/form.tsx';

/** Target of the link in a verification mail. Nothing happens until the reader asks for it: programs that check mails open links too. */
export default function Verify() {
  const [signUp, setSignUp] = useState<SignUp>();
  const [done, setDone] = useState<'kept' | 'ended'>();
  const [refused, setRefused] = useState<ApiError>();
  const confirm = async (priorAccess: Partial<PriorAccess> = {}) => {
    const token = new URLSearchParams(location.search).get('token') ?? '';
    try {
      await client.auth.confirmEmail({ body: { token, ...priorAccess } });
    } catch (error) {
      const asked = signUpOf(error);
      if (asked) return setSignUp(asked);
      if (error instanceof ApiError && error.reason === 'token_invalid') return setRefused(error);
      throw error;
    }
    setDone('reset_access' in priorAccess ? 'ended' : 'kept');
  };
  if (refused)
    return (
      <SignedOutPage title="This link does not work" aside={<Link href="/">Continue</Link>}>
        <ErrorNotice error={refused} />
      </SignedOutPage>
    );
  if (done)
    return (
      <SignedOutPage title="Your address is verified" aside={<Link href="/">{done === 'ended' ? 'Sign in' : 'Continue'}</Link>}>
        {done === 'ended' && <p>All access from before has ended. Sign in with your new password.</p>}
      </SignedOutPage>
    );
  if (signUp)
    return (
      <SignedOutPage title="Did you sign up?">
        <FirstVerification signUp={signUp} isLink onChoose={confirm} />
      </SignedOutPage>
    );
  return (
    <SignedOutPage title="Verify your address">
      <Form submit="Verify" kind="primary" wide onSubmit={() => confirm()}>
        {null}
      </Form>
    </SignedOutPage>
  );
}
