import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { Me } from '../../../../client/index.ts';
import { Page, Section } from '../components/page.tsx';
import { ErrorNotice, problemOf, QueryState } from '../components/states.tsx';
import { useMe } from '../me.ts';
import { client } from '../session.ts';
import { Badge, Button } from '../ui/buttons.tsx';
import { TextField } from '../ui/fields.tsx';
import { Form, textOf } from '../ui/form.tsx';
import { showToast } from '../ui/toasts.tsx';

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
          {me.account_name} <Badge>{me.role.replaceAll('_', ' ')}</Badge>
        </dd>
      </dl>
      <NameForm me={me} />
    </Section>
    <Section title="Password">
      <PasswordForm />
    </Section>
  </>
);

function Email({ me }: { me: Me }) {
  const send = useMutation({ mutationFn: () => client.auth.sendVerification(), onSuccess: () => showToast('Verification email sent') });
  if (!me.email) return '–';
  return (
    <>
      {me.email} {me.email_verified ? <Badge tone="good">verified</Badge> : <Badge tone="warning">not verified</Badge>}{' '}
      {!me.email_verified && (
        <Button kind="ghost" busy={send.isPending} onClick={() => send.mutate()}>
          Send the link
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
          showToast('Saved');
        }}
      >
        {(error) => (
          <>
            <TextField label="Name" name="username" defaultValue={me.username} required problem={problemOf(error, 'username')} />
            <TextField
              label="Time zone"
              name="timezone"
              defaultValue={me.timezone ?? ''}
              placeholder={Intl.DateTimeFormat().resolvedOptions().timeZone}
              problem={problemOf(error, 'timezone')}
            />
          </>
        )}
      </Form>
    </div>
  );
}

const PasswordForm = () => (
  <div className="card">
    <Form
      submit="Change password"
      onSubmit={async (values) => {
        const current_password = String(values.get('current')) || undefined;
        await client.me.changePassword({ body: { current_password, new_password: String(values.get('new')) } });
        showToast('Password changed. Your other sessions have ended');
      }}
    >
      {(error) => (
        <>
          <TextField
            label="Current password"
            name="current"
            type="password"
            autoComplete="current-password"
            hint="Not needed within ten minutes after signing in with a code."
            problem={problemOf(error, 'current_password')}
          />
          <TextField
            label="New password"
            name="new"
            type="password"
            autoComplete="new-password"
            required
            problem={problemOf(error, 'new_password')}
          />
        </>
      )}
    </Form>
  </div>
);
