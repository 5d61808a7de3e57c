import { ApiError } from '../../../../client/index.ts';
import { TextField, textOf } from './fields.tsx';
import { problemOf } from './states.tsx';

/** What a new user is asked: login, address, password. */
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

/** What was typed there, ready to be sent; the password to the letter. */
export const personOf = (values: FormData) => ({ login: textOf(values, 'login'), password: String(values.get('password')) });

const taken = (error: unknown, what: 'login' | 'email') =>
  error instanceof ApiError && error.reason === `${what}_taken` ? 'Somebody has it already.' : undefined;
