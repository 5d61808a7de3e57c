import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import { When } from '../components/format.tsx';
import { fieldOfPersonError, PersonFields, personOf } from '../components/forms/person.tsx';
import { SignedOutPage } from '../components/signedOutPage.tsx';
import { ErrorNotice, Loading } from '../components/states.tsx';
import { client, signedIn } from '../session.ts';
import { TextField } from '../ui/fields.tsx';
import { Form, textOf } from '../ui/form.tsx';

/** The token of the setup link, which the server prints at startup. It is in the fragment, which browsers do not send to servers. */
const tokenOfLink = () => {
  const said = location.hash.slice(1);
  return new URLSearchParams(said).get('token') ?? said;
};

/** Creates the first administrator with the token of the setup link. */
export default function Setup() {
  const [token, setToken] = useState(tokenOfLink);
  const state = useQuery({
    queryKey: ['setup', token],
    queryFn: () => client.bootstrap.verify({ params: { token } }),
    enabled: token !== '',
  });
  if (token !== '' && state.isLoading) return <Loading />;
  if (token !== '' && state.error)
    return (
      <SignedOutPage title="Set up Arkloop">
        <ErrorNotice error={state.error} retry={() => state.refetch()} />
      </SignedOutPage>
    );
  if (!state.data?.valid) return <AskForToken wasWrong={token !== ''} onToken={setToken} />;
  return <MakeAdministrator token={token} until={state.data.expires_at} />;
}

const AskForToken = ({ wasWrong, onToken }: { wasWrong: boolean; onToken: (token: string) => void }) => (
  <SignedOutPage
    title="Set up Arkloop"
    intro="The server prints a link with a token when it starts without an administrator. The token is valid for 30 minutes."
    aside={
      <>
        Already set up? <Link href="/">Sign in</Link>
      </>
    }
  >
    {wasWrong && (
      <p className="notice warning" role="alert">
        This token is invalid or expired. As long as there is no administrator, the server prints a new one when it restarts.
      </p>
    )}
    <Form submit="Continue" wide onSubmit={async (values) => onToken(textOf(values, 'token'))}>
      <TextField label="Setup token" name="token" autoComplete="off" spellCheck={false} autoFocus required />
    </Form>
  </SignedOutPage>
);

function MakeAdministrator({ token, until }: { token: string; until: string | undefined }) {
  const [, navigate] = useLocation();
  return (
    <SignedOutPage
      title="Set up Arkloop"
      intro={
        <>
          Create the first administrator of this server.{' '}
          {until && (
            <>
              The link expires <When at={until} />.
            </>
          )}
        </>
      }
    >
      <Form
        submit="Create the administrator"
        wide
        fieldOf={fieldOfPersonError}
        onSubmit={async (values) => {
          await client.bootstrap.setup({ body: { token, ...personOf(values), email: textOf(values, 'email') || undefined } });
          signedIn();
          navigate('/', { replace: true });
        }}
      >
        <PersonFields emailRequired={false} />
      </Form>
    </SignedOutPage>
  );
}
