import { ApiError } from '../../../../../client/index.ts';
import { TextField } from '../../ui/fields.tsx';
import { textOf } from '../../ui/form.tsx';
import { problemOf } from '../states.tsx';

/** Login, email and password of a new user. */
export const PersonFields = ({ error, emailRequired }: { error: unknown; emailRequired: boolean }) => (
  <>
    <TextField
      label="Login"
      name="login"
      autoComplete="username"
      autoFocus
      required
      problem={problemOf(error, 'login') ?? taken(error, 'login')}
    />
    <TextField
      label={emailRequired ? 'Email' : 'Email (optional)'}
      name="email"
      type="email"
      autoComplete="email"
      required={emailRequired}
      problem={problemOf(error, 'email') ?? taken(error, 'email')}
    />
    <TextField
      label="Password"
      name="password"
      type="password"
      autoComplete="new-password"
      hint="Eight characters or more, with a letter and a digit."
      required
      problem={problemOf(error, 'password')}
    />
  </>
);

/** The password is not trimmed. */
export const personOf = (values: FormData) => ({ login: textOf(values, 'login'), password: String(values.get('password')) });

const taken = (error: unknown, what: 'login' | 'email') =>
  error instanceof ApiError && error.reason === `${what}_taken` ? 'Already taken.' : undefined;
