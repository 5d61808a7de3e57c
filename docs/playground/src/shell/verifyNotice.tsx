import { useMutation } from '@tanstack/react-query';
import { Button } from '../parts/buttons.tsx';
import { ErrorNotice } from '../parts/states.tsx';
import { client } from '../session.ts';

/** This server wants addresses to be verified, and yours is not yet. */
export function VerifyNotice() {
  const send = useMutation({ mutationFn: () => client.auth.sendVerification() });
  return (
    <div className="verify">
      <div className="notice warning">
        <span>{send.isSuccess ? 'The mail is on its way; its link verifies your address.' : 'Verify your email address to go on.'}</span>
        {!send.isSuccess && (
          <Button kind="quiet" busy={send.isPending} onClick={() => send.mutate()}>
            Mail me the link
          </Button>
        )}
      </div>
      {send.error && <ErrorNotice error={send.error} />}
    </div>
  );
}
