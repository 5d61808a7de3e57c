import { useQuery } from '@tanstack/react-query';
import { Link, useLocation } from 'wouter';
import { fieldOfPersonError, PersonFields, personOf } from '../components/forms/person.tsx';
import { SignedOutPage } from '../components/signedOutPage.tsx';
import { client, signedIn } from '../session.ts';
import { TextField } from '../ui/fields.tsx';
import { Form, textOf } from '../ui/form.tsx';
import { showToast } from '../ui/toasts.tsx';

export default function SignUp() {
  const [, navigate] = useLocation();
  const mode = useQuery({ queryKey: ['registration-mode'], queryFn: () => client.auth.registrationMode() });
  const aside = (
    <>
      Already have an account? <Link href="/sign-in">Sign in</Link>
    </>
  );
  if (mode.data?.mode === 'disabled')
    return (
      <SignedOutPage title="Registration is closed" intro="Ask the administrator of this server for an account." aside={aside}>
        {null}
      </SignedOutPage>
    );
  const byInvitation = mode.data?.mode === 'invite_only';
  return (
    <SignedOutPage title="Create an account" aside={aside}>
      <Form
        submit="Create the account"
        wide
        fieldOf={fieldOfPersonError}
        onSubmit={async (values) => {
          const invite_code = textOf(values, 'invite_code') || undefined;
          const { warning } = await client.auth.register({ body: { ...personOf(values), email: textOf(values, 'email'), invite_code } });
          if (warning) showToast(warning);
          signedIn();
          navigate('/', { replace: true });
        }}
      >
        <PersonFields emailRequired />
        {byInvitation && <TextField label="Invite code" name="invite_code" required />}
      </Form>
    </SignedOutPage>
  );
}
