import { NewPasswordField } from '../../components/forms/person.tsx';
import { Page, Section } from '../../components/page.tsx';
import { useChanged } from '../../resource/dialogs.tsx';
import { client } from '../../session.ts';
import { Form } from '../../ui/form.tsx';
import { showToast } from '../../ui/toasts.tsx';
import { Identities } from '../identity/identities.tsx';
import { CurrentPassword, currentPasswordOf } from './currentPassword.tsx';
import { Passkeys } from './passkeys.tsx';
import { RequiredNotice } from './requiredNotice.tsx';
import { SecondFactor } from './secondFactor.tsx';
import { Sessions, sessionsKey } from './sessions.tsx';

/** How the user signs in, and where they are signed in. */
export default function Security() {
  return (
    <Page title="Security" intro="How you sign in, and the devices on which you are signed in.">
      <RequiredNotice />
      <Section title="Passkeys">
        <Passkeys />
      </Section>
      <Section title="Password">
        <PasswordForm />
      </Section>
      <Section title="Two-factor authentication">
        <SecondFactor />
      </Section>
      <Section title="Linked identities">
        <Identities />
      </Section>
      <Section title="Sessions">
        <Sessions />
      </Section>
    </Page>
  );
}

function PasswordForm() {
  const changed = useChanged();
  return (
    <div className="card">
      <Form
        submit="Change password"
        fieldOf={{ invalid_credentials: 'current_password' }}
        onSubmit={async (values) => {
          const new_password = String(values.get('new_password'));
          await client.me.changePassword({ body: { current_password: currentPasswordOf(values), new_password } });
          await changed(sessionsKey);
          showToast('Password changed. Your other sessions have ended.', { tone: 'good' });
        }}
      >
        <CurrentPassword />
        <NewPasswordField label="New password" name="new_password" />
      </Form>
    </div>
  );
}
