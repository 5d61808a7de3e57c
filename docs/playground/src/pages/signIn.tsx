import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import { ApiError } from '../../../../client/index.ts';
import { FirstVerification, type PriorAccess, type SignUp, signUpOf } from '../components/forms/firstVerification.tsx';
import { SignedOutPage } from '../components/signedOutPage.tsx';
import { ErrorNotice } from '../components/states.tsx';
import { canUsePasskeys, signInWithPasskey } from '../passkeys.ts';
import { client, signedIn } from '../session.ts';
import { Button } from '../ui/buttons.tsx';
import { TextField } from '../ui/fields.tsx';
import { Form, textOf } from '../ui/form.tsx';
import { confirmLink, dropLinkToken, hasLinkToken } from './identity/flow.ts';
import { ProviderButtons } from './identity/providerButtons.tsx';

/** Sign-in with a passkey, a password or a mailed code, and a second factor for users who have one. */
export default function SignIn() {
  const [byCode, setByCode] = useState(false);
  const [challenge, setChallenge] = useState<Challenge>();
  const [path] = useLocation();
  const isInvited = path.startsWith('/invitations/');
  const [isLinking, setLinking] = useState(hasLinkToken);
  const mode = useQuery({ queryKey: ['registration-mode'], queryFn: () => client.auth.registrationMode() });
  const captcha = useQuery({ queryKey: ['captcha'], queryFn: () => client.auth.captchaConfig() });
  if (challenge !== undefined) return <SecondFactor challenge={challenge} onCancel={() => setChallenge(undefined)} />;
  return (
    <SignedOutPage
      title="Sign in"
      intro={
        byCode
          ? 'We send you a code if the address belongs to a user.'
          : isInvited
            ? 'You were invited to a workspace. Sign in to join it.'
            : 'Chat with your agents.'
      }
      aside={
        mode.data?.mode !== 'disabled' && (
          <>
            New here? <Link href={isInvited ? `/sign-up?next=${path}` : '/sign-up'}>Create an account</Link>
          </>
        )
      }
    >
      {captcha.data?.enabled && (
        <p className="notice warning">This server requires a captcha, which this page does not support. Use the API instead.</p>
      )}
      {isLinking ? (
        <>
          <p className="notice">
            A user has your email address. Sign in once with your password, a code or a passkey to link your identity. From then on it signs
            you in.
          </p>
          <p className="aside">
            <button
              type="button"
              className="link"
              onClick={() => {
                dropLinkToken();
                setLinking(false);
              }}
            >
              Sign in without linking
            </button>
          </p>
        </>
      ) : (
        !byCode && <ProviderButtons />
      )}
      {byCode ? <ByCode onChallenge={setChallenge} /> : <ByPassword onChallenge={setChallenge} />}
      <WithPasskey />
      <p className="aside">
        <button type="button" className="link" onClick={() => setByCode(!byCode)}>
          {byCode ? 'Sign in with a password' : 'Forgot your password? Sign in with a code'}
        </button>
      </p>
    </SignedOutPage>
  );
}

/** After sign-in the user stays on the requested page. */
function useEntry() {
  const [path, navigate] = useLocation();
  return async () => {
    await confirmLink();
    signedIn();
    if (/^\/(sign-|oauth\/)/.test(path)) navigate('/', { replace: true });
  };
}

/** A sign-in that needs a second factor. `hasPasskey`: a passkey can be it. */
type Challenge = { token: string; hasPasskey: boolean };
type FirstFactor = { onChallenge: (challenge: Challenge) => void };

/** Completes a sign-in, or asks for the second factor. */
function useFirstFactor({ onChallenge }: FirstFactor) {
  const enter = useEntry();
  return async (signIn: () => Promise<unknown>) => {
    try {
      await signIn();
    } catch (error) {
      if (!(error instanceof ApiError && error.reason === 'second_factor_required')) throw error;
      return onChallenge({ token: String(error.details.challenge_token), hasPasskey: error.details.passkey === true });
    }
    await enter();
  };
}

/** Needs no login: the browser offers the passkeys of this site. */
function WithPasskey({ challenge }: { challenge?: string }) {
  const enter = useEntry();
  const signIn = useMutation({ mutationFn: () => signInWithPasskey(challenge), onSuccess: enter });
  if (!canUsePasskeys()) return null;
  return (
    <>
      <Button icon="key" wide busy={signIn.isPending} onClick={() => signIn.mutate()}>
        {challenge ? 'Use a passkey' : 'Sign in with a passkey'}
      </Button>
      {signIn.error && <ErrorNotice error={signIn.error} />}
    </>
  );
}

export function SecondFactor({ challenge: { token, hasPasskey }, onCancel }: { challenge: Challenge; onCancel: () => void }) {
  const enter = useEntry();
  return (
    <SignedOutPage title="Enter your code" intro="Your sign-in needs a code of your authenticator app.">
      <Form
        submit="Sign in"
        wide
        fieldOf={{ second_factor_invalid: 'code' }}
        onSubmit={async (values) => {
          await client.auth.verifySecondFactor({ body: { challenge_token: token, code: textOf(values, 'code') } });
          await enter();
        }}
      >
        <TextField
          label="Code"
          name="code"
          autoComplete="one-time-code"
          hint="Six digits from the app, or one of your recovery codes."
          autoFocus
          required
        />
      </Form>
      {hasPasskey && <WithPasskey challenge={token} />}
      <p className="aside">
        <button type="button" className="link" onClick={onCancel}>
          Back to sign-in
        </button>
      </p>
    </SignedOutPage>
  );
}

function ByPassword(props: FirstFactor) {
  const complete = useFirstFactor(props);
  return (
    <Form
      submit="Sign in"
      wide
      fieldOf={{ invalid_credentials: 'password' }}
      onSubmit={async (values) => {
        const body = { login: textOf(values, 'login'), password: String(values.get('password')) };
        await complete(() => client.auth.login({ body }));
      }}
    >
      <TextField label="Login or email" name="login" autoComplete="username" autoFocus required />
      <TextField label="Password" name="password" type="password" autoComplete="current-password" required />
    </Form>
  );
}

function ByCode(props: FirstFactor) {
  const complete = useFirstFactor(props);
  const [email, setEmail] = useState<string>();
  const [asked, setAsked] = useState<{ signUp: SignUp; otp: string }>();
  if (email === undefined)
    return (
      <Form
        submit="Send me a code"
        wide
        onSubmit={async (values) => {
          const address = textOf(values, 'email');
          await client.auth.sendCode({ body: { email: address } });
          setEmail(address);
        }}
      >
        <TextField label="Email" name="email" type="email" autoComplete="email" autoFocus required />
      </Form>
    );
  const signIn = (otp: string, priorAccess: Partial<PriorAccess> = {}) =>
    complete(() => client.auth.verifyCode({ body: { email, otp, ...priorAccess } }));
  if (asked) return <FirstVerification signUp={asked.signUp} onChoose={(priorAccess) => signIn(asked.otp, priorAccess)} />;
  return (
    <Form
      key="code"
      submit="Sign in"
      wide
      onSubmit={async (values) => {
        const otp = textOf(values, 'otp').replace(/\s/g, '');
        try {
          await signIn(otp);
        } catch (error) {
          const signUp = signUpOf(error);
          if (!signUp) throw error;
          setAsked({ signUp, otp });
        }
      }}
    >
      <TextField
        label={`Eight-digit code sent to ${email}`}
        name="otp"
        inputMode="numeric"
        autoComplete="one-time-code"
        autoFocus
        required
      />
    </Form>
  );
}
