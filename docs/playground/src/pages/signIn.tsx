import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import { Door } from '../parts/door.tsx';
import { Form, TextField, textOf } from '../parts/fields.tsx';
import { problemOf } from '../parts/states.tsx';
import { client, signedIn } from '../session.ts';

/** Signing in by password, or by a code that is mailed. */
export default function SignIn() {
  const [byCode, setByCode] = useState(false);
  const mode = useQuery({ queryKey: ['registration-mode'], queryFn: () => client.auth.registrationMode() });
  const captcha = useQuery({ queryKey: ['captcha'], queryFn: () => client.auth.captchaConfig() });
  return (
    <Door
      title="Sign in"
      intro={byCode ? 'A code comes by mail, if somebody has the address.' : 'To your agents and their conversations.'}
      aside={
        mode.data?.mode !== 'disabled' && (
          <>
            New here? <Link href="/sign-up">Create an account</Link>
          </>
        )
      }
    >
      {captcha.data?.enabled && (
        <p className="notice warning">This server asks for a captcha, which this page does not show. Use the API instead.</p>
      )}
      {byCode ? <ByCode /> : <ByPassword />}
      <p className="aside">
        <button type="button" className="link" onClick={() => setByCode(!byCode)}>
          {byCode ? 'Sign in by password' : 'Forgot the password? Sign in by a code'}
        </button>
      </p>
    </Door>
  );
}

/** Where somebody goes who is signed in: to where he wanted to go. */
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
      onSubmit={async (values) => {
        await client.auth.login({ body: { login: textOf(values, 'login'), password: String(values.get('password')) } });
        enter();
      }}
    >
      {(error) => (
        <>
          <TextField label="Login or email" name="login" autoComplete="username" autoFocus required problem={problemOf(error, 'login')} />
          <TextField
            label="Password"
            name="password"
            type="password"
            autoComplete="current-password"
            required
            problem={problemOf(error, 'password')}
          />
        </>
      )}
    </Form>
  );
}

function ByCode() {
  const enter = useEntry();
  const [email, setEmail] = useState<string>();
  if (email === undefined)
    return (
      <Form
        submit="Mail me a code"
        wide
        onSubmit={async (values) => {
          const address = textOf(values, 'email');
          await client.auth.sendCode({ body: { email: address } });
          setEmail(address);
        }}
      >
        {(error) => (
          <TextField label="Email" name="email" type="email" autoComplete="email" autoFocus required problem={problemOf(error, 'email')} />
        )}
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
      {(error) => (
        <TextField
          label={`The eight digits that were sent to ${email}`}
          name="otp"
          inputMode="numeric"
          autoComplete="one-time-code"
          autoFocus
          required
          problem={problemOf(error, 'otp')}
        />
      )}
    </Form>
  );
}
