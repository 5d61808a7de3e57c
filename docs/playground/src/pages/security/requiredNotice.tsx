import { useMutation } from '@tanstack/react-query';
import { ErrorNotice } from '../../components/states.tsx';
import { useMe } from '../../me.ts';
import { canUsePasskeys, confirmWithPasskey } from '../../passkeys.ts';
import { queries } from '../../session.ts';
import { Button } from '../../ui/buttons.tsx';
import { useHasPasskey } from './currentPassword.tsx';

/** Shown to users whose account requires a second factor that their session does not have. */
export function RequiredNotice() {
  const me = useMe().data;
  const hasPasskey = useHasPasskey();
  // Everything that was refused is loaded again.
  const confirm = useMutation({ mutationFn: confirmWithPasskey, onSuccess: () => queries.invalidateQueries() });
  if (!me?.second_factor_missing) return null;
  return (
    <>
      <div className="notice warning">
        <span>
          {me.account_name} requires a second factor.{' '}
          {hasPasskey
            ? 'Use your passkey, or set up an authenticator app, to go on.'
            : 'Set up an authenticator app, or add a passkey and use it, to go on. Your other workspaces are in the menu.'}
        </span>
        {hasPasskey && canUsePasskeys() && (
          <Button kind="primary" icon="key" busy={confirm.isPending} onClick={() => confirm.mutate()}>
            Use a passkey
          </Button>
        )}
      </div>
      {confirm.error && <ErrorNotice error={confirm.error} />}
    </>
  );
}
