import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { Me } from '../../../../client/index.ts';
import { Page, Section } from '../components/page.tsx';
import { ErrorNotice, QueryState } from '../components/states.tsx';
import { timeZoneOptions } from '../components/timeZones.ts';
import { useMe } from '../me.ts';
import { useDialog } from '../resource/dialogs.tsx';
import { client, signOut } from '../session.ts';
import { Badge, Button } from '../ui/buttons.tsx';
import { Combobox } from '../ui/combobox.tsx';
import { Confirm } from '../ui/dialog.tsx';
import { TextField } from '../ui/fields.tsx';
import { Form, textOf } from '../ui/form.tsx';
import { showToast } from '../ui/toasts.tsx';
import { roleName } from './people/account.ts';

export default function Profile() {
  return (
    <Page title="Profile" intro="Your name and how you sign in.">
      <QueryState query={useMe()}>{(me) => <Parts me={me} />}</QueryState>
    </Page>
  );
}

const Parts = ({ me }: { me: Me }) => (
  <>
    <Section title="You">
      <dl className="facts">
        <dt>Login</dt>
        <dd>{me.login ?? '–'}</dd>
        <dt>Email</dt>
        <dd>
          <Email me={me} />
        </dd>
        <dt>Account</dt>
        <dd>
          {me.account_name} <Badge>{roleName(me.role)}</Badge>
        </dd>
      </dl>
      <NameForm me={me} />
    </Section>
    <Section title="Password">
      <PasswordForm />
    </Section>
    <Section title="Sessions">
      <Sessions />
    </Section>
  </>
);

/** The API does not list sessions, but ends all of them. */
function Sessions() {
  const [dialog, open] = useDialog();
  return (
    <>
      <p className="muted">If a device was lost or you have signed in somewhere else, end all sessions. API keys stay valid.</p>
      <div>
        <Button icon="logout" onClick={() => open((close) => <SignOutEverywhere onClose={close} />)}>
          Sign out of all devices
        </Button>
      </div>
      {dialog}
    </>
  );
}

const SignOutEverywhere = ({ onClose }: { onClose: () => void }) => (
  <Confirm title="Sign out of all devices?" confirm="Sign out" onClose={onClose} onConfirm={() => signOut(true)}>
    <p>All sessions end, this one too. You can sign in again at once.</p>
  </Confirm>
);

function Email({ me }: { me: Me }) {
  const send = useMutation({ mutationFn: () => client.auth.sendVerification(), onSuccess: () => showToast('Verification email sent') });
  if (!me.email) return '–';
  return (
    <>
      {me.email} {me.email_verified ? <Badge tone="good">Verified</Badge> : <Badge tone="warning">Not verified</Badge>}{' '}
      {!me.email_verified && (
        <Button small busy={send.isPending} onClick={() => send.mutate()}>
          Send verification email
        </Button>
      )}
      {send.error && <ErrorNotice error={send.error} />}
    </>
  );
}

function NameForm({ me }: { me: Me }) {
  const queries = useQueryClient();
  return (
    <div className="card">
      <Form
        submit="Save"
        onSubmit={async (values) => {
          await client.me.update({ body: { username: textOf(values, 'username'), timezone: textOf(values, 'timezone') || null } });
          await queries.invalidateQueries({ queryKey: ['me'] });
          showToast('Saved', { tone: 'good' });
        }}
      >
        <TextField label="Name" name="username" defaultValue={me.username} required />
        <Combobox
          label="Time zone"
          name="timezone"
          defaultValue={me.timezone ?? ''}
          options={[{ value: '', label: 'Not set' }, ...timeZoneOptions(me.timezone)]}
          search="Search time zones…"
          hint="Agents use it for dates and times."
        />
      </Form>
    </div>
  );
}

const PasswordForm = () => (
  <div className="card">
    <Form
      submit="Change password"
      fieldOf={{ invalid_credentials: 'current_password' }}
      onSubmit={async (values) => {
        const current_password = String(values.get('current_password')) || undefined;
        await client.me.changePassword({ body: { current_password, new_password: String(values.get('new_password')) } });
        showToast('Password changed. Your other sessions have ended.', { tone: 'good' });
      }}
    >
      <TextField
        label="Current password"
        name="current_password"
        type="password"
        autoComplete="current-password"
        hint="Not needed within ten minutes after signing in with a code."
      />
      <TextField label="New password" name="new_password" type="password" autoComplete="new-password" required />
    </Form>
  </div>
);
