import { useMutation } from '@tanstack/react-query';
import { ErrorNotice } from '../components/states.tsx';
import { client } from '../session.ts';
import { Button } from '../ui/buttons.tsx';

/** Shown if the server requires verified addresses and the user's is not verified. */
export function VerifyNotice() {
  const send = useMutation({ mutationFn: () => client.auth.sendVerification() });
  return (
    <div className="verify">
      <div className="notice warning">
        <span>
          {send.isSuccess ? 'We sent you an email. Open the link in it to verify your address.' : 'Verify your email address to continue.'}
        </span>
        {!send.isSuccess && (
          <Button kind="ghost" busy={send.isPending} onClick={() => send.mutate()}>
            Send verification email
          </Button>
        )}
      </div>
      {send.error && <ErrorNotice error={send.error} />}
    </div>
  );
}
