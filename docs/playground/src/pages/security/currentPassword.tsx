import { useMutation, useQuery } from '@tanstack/react-query';
import { ErrorNotice } from '../../components/states.tsx';
import { canUsePasskeys, confirmWithPasskey } from '../../passkeys.ts';
import { client } from '../../session.ts';
import { Button } from '../../ui/buttons.tsx';
import { TextField } from '../../ui/fields.tsx';

/** Whether the user has a passkey and a second factor, for the fields below. */
export const proofKey = ['sign-in-proof'];

const useProof = () =>
  useQuery({
    queryKey: proofKey,
    queryFn: async () => {
      const [passkeys, factor] = await Promise.all([client.passkeys.list({ query: { limit: 1 } }), client.secondFactor.get()]);
      return { hasPasskey: passkeys.length > 0, hasSecondFactor: factor.enabled_at !== null };
    },
  });

export const useHasPasskey = (): boolean => useProof().data?.hasPasskey ?? false;
export const useHasSecondFactor = (): boolean => useProof().data?.hasSecondFactor ?? false;

/** The password, or a passkey, for changes of how the user signs in. */
export function CurrentPassword() {
  const proof = useProof().data;
  const confirm = useMutation({ mutationFn: confirmWithPasskey });
  if (confirm.isSuccess) return <p className="notice">Confirmed with a passkey. You need no password for ten minutes.</p>;
  return (
    <>
      <TextField
        label="Current password"
        name="current_password"
        type="password"
        autoComplete="current-password"
        hint="Not needed within ten minutes after signing in with a code, an identity provider or a passkey."
      />
      {proof?.hasPasskey && canUsePasskeys() && (
        <div>
          <Button icon="key" busy={confirm.isPending} onClick={() => confirm.mutate()}>
            Use a passkey instead
          </Button>
        </div>
      )}
      {confirm.error && <ErrorNotice error={confirm.error} />}
    </>
  );
}

/** A code of the second factor. The server tells if it is needed. */
export const CodeField = () => (
  <TextField
    label="Code"
    name="code"
    autoComplete="one-time-code"
    hint="Six digits from the app, or one of your recovery codes. Not needed after a passkey."
  />
);

/** Undefined if the field is empty. */
export const currentPasswordOf = (values: FormData) => String(values.get('current_password') ?? '') || undefined;
