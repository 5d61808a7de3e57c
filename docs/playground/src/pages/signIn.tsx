import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import { SignedOutPage } from '../components/signedOutPage.tsx';
import { client, signedIn } from '../session.ts';
import { TextField } from '../ui/fields.tsx';
import { Form, textOf } from '../ui/form.tsx';

/** Sign-in with a password or a mailed code. */
export default function SignIn() {
  const [byCode, setByCode] = useState(false);
  const mode = useQuery({ queryKey: ['registration-mode'], queryFn: () => client.auth.registrationMode() });
  const captcha = useQuery({ queryKey: ['captcha'], queryFn: () => client.auth.captchaConfig() });
  return (
    <SignedOutPage
      title="Sign in"
      intro={byCode ? 'We send you a code if the address belongs to a user.' : 'Chat with your agents.'}
      aside={
        mode.data?.mode !== 'disabled' && (
          <>
            New here? <Link href="/sign-up">Create an account</Link>
          </>
        )
      }
    >
      {captcha.data?.enabled && (
        <p className="notice warning">This server requires a captcha, which this page does not support. Use the API instead.</p>
      )}
      {byCode ? <ByCode /> : <ByPassword />}
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
  return () => {
    signedIn();
    if (path.startsWith('/sign-')) navigate('/', { replace: true });
  };
}

function ByPassword() {
  const enter = useEntry();
  return (
    <Form
      submit="Sign in"
      wide
      fieldOf={{ invalid_credentials: 'password' }}
      onSubmit={async (values) => {
        await client.auth.login({ body: { login: textOf(values, 'login'), password: String(values.get('password')) } });
        enter();
      }}
    >
      <TextField label="Login or email" name="login" autoComplete="username" autoFocus required />
      <TextField label="Password" name="password" type="password" autoComplete="current-password" required />
    </Form>
  );
}

function ByCode() {
  const enter = useEntry();
  const [email, setEmail] = useState<string>();
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
  return (
    <Form
      key="code"
      submit="Sign in"
      wide
      onSubmit={async (values) => {
        await client.auth.verifyCode({ body: { email, otp: textOf(values, 'otp').replace(/\s/g, '') } });
        enter();
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
