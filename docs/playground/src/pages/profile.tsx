import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { Me } from '../../../../client/index.ts';
import { asWords } from '../components/format.tsx';
import { TimeZoneField } from '../components/forms/timeZone.tsx';
import { Page, Section } from '../components/page.tsx';
import { ErrorNotice, QueryState } from '../components/states.tsx';
import { useMe } from '../me.ts';
import { client } from '../session.ts';
import { Badge, Button } from '../ui/buttons.tsx';
import { TextField } from '../ui/fields.tsx';
import { Form, textOf } from '../ui/form.tsx';
import { showToast } from '../ui/toasts.tsx';

export default function Profile() {
  return (
    <Page title="Profile" intro="Your name, address and time zone.">
      <QueryState query={useMe()}>{(me) => <Parts me={me} />}</QueryState>
    </Page>
  );
}

const Parts = ({ me }: { me: Me }) => (
  <Section title="You">
    <dl className="facts">
      <dt>Login</dt>
      <dd>{me.login ?? '–'}</dd>
      <dt>Email</dt>
      <dd>
        <Email me={me} />
      </dd>
      <dt>Workspace</dt>
      <dd>
        {me.account_name} <Badge>{asWords(me.role)}</Badge>
      </dd>
    </dl>
    <NameForm me={me} />
  </Section>
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
        <TimeZoneField
          initial={me.timezone}
          hint="These pages and your agents use it for times. If you do not choose one, they use that of the workspace or of your browser."
        />
      </Form>
    </div>
  );
}
