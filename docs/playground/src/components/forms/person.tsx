import { TextField } from '../../ui/fields.tsx';
import { textOf } from '../../ui/form.tsx';

/** Login, email and password of a new user. */
export const PersonFields = ({ emailRequired }: { emailRequired: boolean }) => (
  <>
    <TextField label="Login" name="login" autoComplete="username" autoFocus required />
    <TextField
      label={emailRequired ? 'Email' : 'Email (optional)'}
      name="email"
      type="email"
      autoComplete="email"
      required={emailRequired}
    />
    <NewPasswordField label="Password" name="password" />
  </>
);

export const NewPasswordField = (props: { label: string; name: string; autoFocus?: boolean }) => (
  <TextField {...props} type="password" autoComplete="new-password" hint="Eight characters or more, with a letter and a digit." required />
);

/** The fields of errors that name none: `fieldOf` of the form. */
export const fieldOfPersonError = { login_taken: 'login', email_taken: 'email', password_policy: 'password' } as const;

/** The password is not trimmed. */
export const personOf = (values: FormData) => ({ login: textOf(values, 'login'), password: String(values.get('password')) });
