import { type ReactNode, useState } from 'react';
import { ApiError, type ShareView } from '../../../../../client/index.ts';
import { Brand } from '../../components/brand.tsx';
import { When } from '../../components/format.tsx';
import { useTitle } from '../../components/page.tsx';
import { More, usePages } from '../../components/paging.tsx';
import { SignedOutPage } from '../../components/signedOutPage.tsx';
import { ErrorNotice, Loading } from '../../components/states.tsx';
import { client } from '../../session.ts';
import { TextField } from '../../ui/fields.tsx';
import { FieldError, Form } from '../../ui/form.tsx';
import { SharedMessage } from './message.tsx';

/** A shared thread, for readers without an account. */
export default function Shared({ token }: { token: string }) {
  const [session, setSession] = useState(() => sessionStorage.getItem(placeOf(token)) ?? undefined);
  const share = usePages(['share', token, session], (page) =>
    client.shares.view({ params: { token }, query: { session_token: session, ...page } }),
  );
  if (share.isPending) return <Loading />;
  const views = share.data?.pages.filter((view) => !view.requires_password) ?? [];
  if (share.data?.pages[0]?.requires_password || isExpired(share.error, session))
    return (
      <Locked
        token={token}
        onOpen={(opened) => {
          sessionStorage.setItem(placeOf(token), opened);
          setSession(opened);
        }}
      />
    );
  if (views[0])
    return (
      <Transcript thread={views[0].thread} messages={views.flatMap(({ messages }) => messages)} token={token} session={session}>
        <More query={share} />
      </Transcript>
    );
  const isGone = share.error instanceof ApiError && [400, 404].includes(share.error.status);
  return isGone ? (
    <SignedOutPage title="This link does not work" intro="The link was deleted, the chat was deleted, or the address is incomplete.">
      {null}
    </SignedOutPage>
  ) : (
    <SignedOutPage title="The chat could not be loaded">
      <ErrorNotice error={share.error} retry={() => share.refetch()} />
    </SignedOutPage>
  );
}

/** The session token opens the share until it expires or the tab is closed. */
const placeOf = (token: string) => `arkloop.share.${token}`;

const isExpired = (error: unknown, session: string | undefined) =>
  session !== undefined && error instanceof ApiError && error.status === 403;

const Locked = ({ token, onOpen }: { token: string; onOpen: (session: string) => void }) => (
  <SignedOutPage title="This chat has a password" intro="Ask the person who sent you the link.">
    <Form
      submit="Open the chat"
      wide
      onSubmit={async (values) => {
        onOpen(await verify(token, String(values.get('password'))));
      }}
    >
      <TextField label="Password" name="password" type="password" autoComplete="off" maxLength={128} required autoFocus />
    </Form>
  </SignedOutPage>
);

async function verify(token: string, password: string): Promise<string> {
  try {
    return (await client.shares.verify({ params: { token }, body: { password } })).session_token;
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) throw new FieldError('password', 'This password is wrong.');
    throw error;
  }
}

type TranscriptProps = Pick<Extract<ShareView, { requires_password: false }>, 'thread' | 'messages'> & {
  token: string;
  session: string | undefined;
  children: ReactNode;
};

function Transcript({ thread, messages, token, session, children }: TranscriptProps) {
  const title = thread.title ?? 'Shared chat';
  useTitle(title);
  return (
    <div className="shared">
      <header className="bar">
        <Brand />
      </header>
      <main className="column">
        <header>
          <h1>{title}</h1>
          <p className="muted">
            Shared chat, started <When at={thread.created_at} />
          </p>
        </header>
        {messages.length === 0 && <p className="muted">This chat has no messages.</p>}
        {messages.map((message) => (
          <SharedMessage key={message.id} message={message} access={{ share_token: token, session_token: session }} />
        ))}
        {children}
      </main>
    </div>
  );
}
