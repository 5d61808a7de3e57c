import { TextField } from '../../ui/fields.tsx';

/** The password, for changes of how the user signs in. */
export const CurrentPassword = () => (
  <TextField
    label="Current password"
    name="current_password"
    type="password"
    autoComplete="current-password"
    hint="Not needed within ten minutes after signing in with a code or an identity provider."
  />
);

/** Undefined if the field is empty. */
export const currentPasswordOf = (values: FormData) => String(values.get('current_password')) || undefined;
