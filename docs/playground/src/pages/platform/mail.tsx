import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiError, type EmailConfig, type EmailConfigValues } from '../../../../../client/index.ts';
import { Page, Section } from '../../components/page.tsx';
import { QueryState } from '../../components/states.tsx';
import { NumberField, numberOf } from '../../resource/values.tsx';
import { client } from '../../session.ts';
import { Checkbox, TextField } from '../../ui/fields.tsx';
import { Form, textOf } from '../../ui/form.tsx';
import { Select } from '../../ui/select.tsx';
import { showToast } from '../../ui/toasts.tsx';

export default function Mail() {
  const status = useQuery({ queryKey: ['email', 'status'], queryFn: () => client.email.status() });
  const config = useQuery({ queryKey: ['email', 'config'], queryFn: () => client.email.config() });
  return (
    <Page title="Email" intro="The mail server that sends invitations, verification links and sign-in codes.">
      <QueryState query={status}>
        {({ configured, from, source }) =>
          configured ? (
            <p className="notice good">
              <span>
                Emails are sent from <strong>{from}</strong>
                {source === 'env' && ', as set by the environment of the server, which takes precedence over this page'}.
              </span>
            </p>
          ) : (
            <p className="notice warning">
              <span>No emails are sent. Enter a sender and a mail server.</span>
            </p>
          )
        }
      </QueryState>
      <QueryState query={config}>
        {(data) => (
          <div className="card">
            <Server config={data} />
          </div>
        )}
      </QueryState>
      <Section title="Test">
        <div className="card">
          <Test />
        </div>
      </Section>
    </Page>
  );
}

function Server({ config }: { config: EmailConfig }) {
  const queries = useQueryClient();
  const [clears, clear] = useState(false);
  return (
    <Form
      submit="Save"
      onSubmit={async (values) => {
        await client.email.configure({
          body: {
            from: textOf(values, 'from'),
            smtp_host: textOf(values, 'smtp_host'),
            smtp_port: numberOf(values, 'smtp_port'),
            smtp_user: textOf(values, 'smtp_user'),
            // Empty keeps the stored password.
            smtp_pass: clears ? null : String(values.get('smtp_pass') ?? ''),
            smtp_tls_mode: textOf(values, 'smtp_tls_mode') as EmailConfigValues['smtp_tls_mode'],
          },
        });
        clear(false);
        await queries.invalidateQueries({ queryKey: ['email'] });
        showToast('Saved');
      }}
    >
      <TextField
        label="Sender"
        name="from"
        placeholder="Arkloop <noreply@example.com>"
        hint="An address, with a name before it if you like. Leave empty to turn email off."
        defaultValue={config.from}
      />
      <TextField label="Mail server" name="smtp_host" placeholder="smtp.example.com" defaultValue={config.smtp_host} />
      <div className="in-a-row">
        <NumberField label="Port" name="smtp_port" step={1} defaultValue={config.smtp_port} required />
        <Select
          label="Encryption"
          name="smtp_tls_mode"
          defaultValue={config.smtp_tls_mode}
          options={[
            { value: 'starttls', label: 'STARTTLS' },
            { value: 'tls', label: 'TLS' },
            { value: 'none', label: 'None' },
          ]}
        />
      </div>
      <div className="in-a-row">
        <TextField
          label="User name"
          name="smtp_user"
          autoComplete="off"
          hint="Leave empty if the mail server asks for no password."
          defaultValue={config.smtp_user}
        />
        <TextField
          label="Password"
          name="smtp_pass"
          type="password"
          autoComplete="new-password"
          disabled={clears}
          hint={
            config.smtp_pass_set
              ? 'A password is stored. Leave empty to keep it. Enter it again if you change the mail server.'
              : 'No password is stored.'
          }
        />
      </div>
      {config.smtp_pass_set && (
        <Checkbox label="Remove the stored password" checked={clears} onChange={({ currentTarget }) => clear(currentTarget.checked)} />
      )}
    </Form>
  );
}

function Test() {
  const [sent, show] = useState<string>();
  return (
    <>
      <Form
        submit="Send a test email"
        kind="primary"
        onSubmit={async (values) => {
          show(undefined);
          const to = textOf(values, 'to');
          // An error is the result, so it is not retried.
          await client.email.test({ body: { to } }, { maxRetries: 0 }).catch(explain);
          show(to);
        }}
      >
        <TextField
          label="Recipient"
          name="to"
          type="email"
          placeholder="you@example.com"
          hint="The email is sent right away. This can take up to 10 seconds."
          required
        />
      </Form>
      {sent && (
        <output className="notice good">
          <span>The mail server has accepted the email to {sent}.</span>
        </output>
      )}
    </>
  );
}

/** Adds what the mail server said. */
function explain(error: unknown): never {
  if (error instanceof ApiError && error.reason === 'email_not_configured') throw new Error('Save a sender and a mail server first.');
  throw error;
}
