import { useState } from 'react';
import { Link } from 'wouter';
import { ApiError } from '../../../../../client/index.ts';
import { switchAccount } from '../../account.ts';
import { SignedOutPage } from '../../components/signedOutPage.tsx';
import { QueryState } from '../../components/states.tsx';
import { useMe } from '../../me.ts';
import { client, signOut } from '../../session.ts';
import { Button } from '../../ui/buttons.tsx';
import { Form } from '../../ui/form.tsx';

/** Target of the link in an invitation. */
export default function Invitation({ token }: { token: string }) {
  return (
    <SignedOutPage
      title="Join the workspace"
      intro="You were invited to work in a shared workspace. Your own workspace and its chats stay as they are."
      aside={<Link href="/">Not now</Link>}
    >
      <QueryState query={useMe()}>{(me) => <Acceptance token={token} user={me.email ?? me.username} />}</QueryState>
    </SignedOutPage>
  );
}

function Acceptance({ token, user }: { token: string; user: string }) {
  const [refused, refuse] = useState<string>();
  return (
    <>
      <Form
        submit="Accept the invitation"
        wide
        onSubmit={async () => {
          const known = await accountIds();
          await client.invitations.accept({ params: { token } }).catch((error: unknown) => {
            refuse(error instanceof ApiError ? error.reason : undefined);
            throw error;
          });
          const joined = (await accountIds()).find((id) => !known.includes(id));
          if (joined) switchAccount(joined);
          else location.assign('/');
        }}
      >
        {() => <p>You are signed in as {user}.</p>}
      </Form>
      {refused === 'email_not_verified' && (
        <Button kind="secondary" wide onClick={() => void client.auth.sendVerification().then(() => refuse('sent'))}>
          Send verification email
        </Button>
      )}
      {refused === 'sent' && <p>We have sent you an email. Open its link, then accept the invitation here.</p>}
      {refused === 'email_mismatch' && (
        <Button kind="secondary" wide onClick={() => void signOut()}>
          Sign in as another user
        </Button>
      )}
    </>
  );
}

/** The invitation does not name its account, so compare the accounts before and after. */
const accountIds = async () => {
  const ids: string[] = [];
  for await (const { id } of client.accounts.mine()) ids.push(id);
  return ids;
};
