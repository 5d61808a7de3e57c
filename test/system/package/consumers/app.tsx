// A page that uses the hooks. With `?runs=a,b` it shows those runs, otherwise it signs in and chats.
import { createClient } from '@arkloop/client';
import { ArkloopProvider, useArkloop, useMessages, useRun, useSend, useThread, useThreads } from '@arkloop/client/react';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';

const search = new URLSearchParams(location.search);
const runs = search.get('runs')?.split(',') ?? [];

const Shown = ({ id, what }: { id: string; what: unknown }) => (
  <pre id={id}>{typeof what === 'string' ? what : JSON.stringify(what ?? null)}</pre>
);
const Button = ({ id, onClick }: { id: string; onClick: () => unknown }) => (
  <button type="button" id={id} onClick={onClick}>
    {id}
  </button>
);

function Run({ id, name }: { id: string | undefined; name: string }) {
  const run = useRun(id);
  const parts = run.parts.map((part) => (part.type === 'tool' ? `${part.name} ${part.state}` : `${part.type}: ${part.text}`));
  return (
    <section>
      <Shown id={`${name}-status`} what={`${run.status} ${run.connection}`} />
      <Shown id={`${name}-text`} what={run.text} />
      <Shown id={`${name}-parts`} what={parts.join('\n')} />
      <Shown id={`${name}-question`} what={run.question?.message ?? ''} />
      <Shown id={`${name}-error`} what={run.error instanceof Error ? run.error.message : ''} />
      <Button id={`${name}-stop`} onClick={run.stop} />
      <Button id={`${name}-reply`} onClick={() => run.reply('The blue one')} />
    </section>
  );
}

function Runs() {
  const [visible, setVisible] = useState(true);
  const names = runs.map((_, at) => `run${at}`);
  return (
    <main>
      <Button id="toggle" onClick={() => setVisible(!visible)} />
      {visible && names.map((name, at) => <Run key={name} id={runs[at]} name={name} />)}
    </main>
  );
}

function Chat() {
  const client = useArkloop();
  const [threadId, setThreadId] = useState<string>();
  const [runId, setRunId] = useState<string>();
  const send = useSend(threadId);
  const thread = useThread(threadId);
  const messages = useMessages(threadId);
  const threads = useThreads();
  const say = async (content: string) => {
    const sent = await send.mutateAsync({ content });
    setThreadId(sent.threadId);
    setRunId(sent.runId);
  };
  const signIn = async () => {
    await client.auth.login({ body: { login: search.get('login') ?? '', password: search.get('password') ?? '' } });
    await threads.refetch();
  };
  return (
    <main>
      <Button id="login" onClick={signIn} />
      <Button id="say" onClick={() => say(`Hello ${messages.data?.length ?? 0}`)} />
      <Shown id="thread" what={thread.data && { active: thread.data.active_run_id }} />
      <Shown id="threads" what={threads.data?.length} />
      <Shown id="messages" what={messages.data?.map(({ role, content }) => `${role}: ${content}`)} />
      <Run id={runId} name="run" />
    </main>
  );
}

const client = createClient({ baseUrl: location.origin, retryDelayMs: 50 });
const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <ArkloopProvider client={client}>{runs.length > 0 ? <Runs /> : <Chat />}</ArkloopProvider>
    </QueryClientProvider>
  </StrictMode>,
);
