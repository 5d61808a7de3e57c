import { useQuery } from '@tanstack/react-query';
import { Link, useLocation } from 'wouter';
import { Door } from '../parts/door.tsx';
import { Form, TextField, textOf } from '../parts/fields.tsx';
import { PersonFields, personOf } from '../parts/person.tsx';
import { problemOf } from '../parts/states.tsx';
import { say } from '../parts/toasts.tsx';
import { client, signedIn } from '../session.ts';

/** Registering, where the server lets people do so. */
export default function SignUp() {
  const [, navigate] = useLocation();
  const mode = useQuery({ queryKey: ['registration-mode'], queryFn: () => client.auth.registrationMode() });
  const aside = (
    <>
      Been here before? <Link href="/sign-in">Sign in</Link>
    </>
  );
  if (mode.data?.mode === 'disabled')
    return (
      <Door title="Nobody can register" intro="Ask whoever runs this server for an account." aside={aside}>
        {null}
      </Door>
    );
  const byInvitation = mode.data?.mode === 'invite_only';
  return (
    <Door title="Create an account" aside={aside}>
      <Form
        submit="Create the account"
        wide
        onSubmit={async (values) => {
          const invite_code = textOf(values, 'invite_code') || undefined;
          const { warning } = await client.auth.register({ body: { ...personOf(values), email: textOf(values, 'email'), invite_code } });
          if (warning) say(warning);
          signedIn();
          navigate('/', { replace: true });
        }}
      >
        {(error) => (
          <>
            <PersonFields error={error} emailRequired />
            {byInvitation && <TextField label="Invite code" name="invite_code" required problem={problemOf(error, 'invite_code')} />}
          </>
        )}
      </Form>
    </Door>
  );
}
