import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import { Door } from '../parts/door.tsx';
import { Form, TextField, textOf } from '../parts/fields.tsx';
import { When } from '../parts/format.tsx';
import { PersonFields, personOf } from '../parts/person.tsx';
import { ErrorNotice, Loading } from '../parts/states.tsx';
import { client, signedIn } from '../session.ts';

/** The token of the link that the start prints. It stands behind the #, which browsers do not send. */
const tokenOfLink = () => {
  const said = location.hash.slice(1);
  return new URLSearchParams(said).get('token') ?? said;
};

/** The first visit: whoever has the link makes the administrator. */
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
      <Door title="Set up Arkloop">
        <ErrorNotice error={state.error} retry={() => void state.refetch()} />
      </Door>
    );
  if (!state.data?.valid) return <AskForToken wasWrong={token !== ''} onToken={setToken} />;
  return <MakeAdministrator token={token} until={state.data.expires_at} />;
}

const AskForToken = ({ wasWrong, onToken }: { wasWrong: boolean; onToken: (token: string) => void }) => (
  <Door
    title="Set up Arkloop"
    intro="The server prints a link with a token when it starts without an administrator. It lasts 30 minutes."
    aside={
      <>
        Set up already? <Link href="/">Sign in</Link>
      </>
    }
  >
    {wasWrong && (
      <p className="notice warning" role="alert">
        This token is not valid, or not any more. A restart of the server prints a new one, as long as there is no administrator.
      </p>
    )}
    <Form submit="Go on" wide onSubmit={async (values) => onToken(textOf(values, 'token'))}>
      {() => <TextField label="Setup token" name="token" autoComplete="off" spellCheck={false} autoFocus required />}
    </Form>
  </Door>
);

function MakeAdministrator({ token, until }: { token: string; until: string | undefined }) {
  const [, navigate] = useLocation();
  return (
    <Door
      title="Set up Arkloop"
      intro={
        <>
          Make the first administrator of this server.{' '}
          {until && (
            <>
              The link ends <When at={until} />.
            </>
          )}
        </>
      }
    >
      <Form
        submit="Create the administrator"
        wide
        onSubmit={async (values) => {
          await client.bootstrap.setup({ body: { token, ...personOf(values), email: textOf(values, 'email') || undefined } });
          signedIn();
          navigate('/', { replace: true });
        }}
      >
        {(error) => <PersonFields error={error} emailRequired={false} />}
      </Form>
    </Door>
  );
}
