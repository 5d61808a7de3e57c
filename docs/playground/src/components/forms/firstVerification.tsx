import { useState } from 'react';
import { ApiError } from '../../../../../client/index.ts';
import { TextField } from '../../ui/fields.tsx';
import { Form } from '../../ui/form.tsx';
import { ExactTime } from '../format.tsx';
import { NewPasswordField } from './person.tsx';

/** Who signed up with an address that is verified for the first time, and when. */
export type SignUp = { login: string; at: string };

/** The sign-up that an error asks about. Undefined for all other errors. */
export const signUpOf = (error: unknown): SignUp | undefined =>
  error instanceof ApiError && error.reason === 'first_verification'
    ? { login: String(error.details.login), at: String(error.details.signed_up_at) }
    : undefined;

export type PriorAccess = { password: string } | { reset_access: true; new_password?: string };

/** Asks the reader of a mailed link or code whether they signed up. A link opens no session, so the new password is asked for at once. */
export function FirstVerification({
  signUp: { login, at },
  isLink = false,
  onChoose,
}: {
  signUp: SignUp;
  isLink?: boolean;
  onChoose: (priorAccess: PriorAccess) => Promise<unknown>;
}) {
  const [isForeign, setForeign] = useState(false);
  return (
    <>
      <p>
        <b>{login}</b> signed up with this address on <ExactTime at={at} />.
      </p>
      {isForeign ? (
        <Form
          key="reset"
          submit="End all access from before"
          kind="danger"
          wide
          fieldOf={{ password_policy: 'new_password' }}
          onSubmit={(values) => onChoose({ reset_access: true, ...(isLink && { new_password: String(values.get('new_password')) }) })}
        >
          <p>The password, and all sessions, API keys, share links and invitations from before end. Chats and files stay.</p>
          {isLink && <NewPasswordField label="New password" name="new_password" autoFocus />}
        </Form>
      ) : (
        <Form
          key="keep"
          submit="It was me"
          wide
          fieldOf={{ invalid_credentials: 'password' }}
          onSubmit={(values) => onChoose({ password: String(values.get('password')) })}
        >
          <TextField
            label="The password that you chose"
            name="password"
            type="password"
            autoComplete="current-password"
            autoFocus
            required
          />
        </Form>
      )}
      <p className="aside">
        <button type="button" className="link" onClick={() => setForeign(!isForeign)}>
          {isForeign ? 'I know the password' : 'It was not me, or I forgot the password'}
        </button>
      </p>
    </>
  );
}
