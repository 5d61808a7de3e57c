import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { Link } from 'wouter';
import { count, duration } from '../../components/format.tsx';
import { Page, Section } from '../../components/page.tsx';
import { Scrolling } from '../../components/scrolling.tsx';
import { ErrorNotice, QueryState } from '../../components/states.tsx';
import { client } from '../../session.ts';
import { Button, Copyable } from '../../ui/buttons.tsx';
import { Combobox } from '../../ui/combobox.tsx';
import { Checkbox, Segments, TextArea } from '../../ui/fields.tsx';
import { type Tried, tryRequest } from './request.ts';
import { type Language, snippets } from './snippets.ts';

const baseUrl = `${location.origin}/v1`;
const languages = Object.keys(snippets) as Language[];

/** For developers whose programs use an SDK of OpenAI: the address, a request to try, and the code for it. */
export default function Completions() {
  const models = useQuery({ queryKey: ['chat-models'], queryFn: () => client.chatModels.list(), staleTime: 60_000 });
  return (
    <Page
      title="OpenAI API"
      intro={
        <>
          Programs that use an SDK of OpenAI can use your models. The <a href="/docs/guides/openai-compatible">guide</a> has the details.
        </>
      }
    >
      <Section title="Connect">
        <p>
          Set <code>OPENAI_BASE_URL</code> to this address, and <code>OPENAI_API_KEY</code> to one of your{' '}
          <Link href="/settings/keys">API keys</Link> with the permission “Chat completions”.
        </p>
        <Copyable text={baseUrl} label="Copy the base URL" />
      </Section>
      <QueryState query={{ ...models, data: models.data?.data }} empty={<p className="muted">There are no models.</p>}>
        {(list) => <Trial models={list.map(({ id, owned_by }) => ({ id, owner: owned_by }))} />}
      </QueryState>
    </Page>
  );
}

function Trial({ models }: { models: readonly { id: string; owner: string }[] }) {
  const [model, setModel] = useState(models[0]!.id);
  const [message, setMessage] = useState('Hello!');
  const [stream, setStream] = useState(true);
  const [language, choose] = useState<Language>('curl');
  const snippet = snippets[language]({ baseUrl, model, message, stream });
  return (
    <>
      <Section title="Try a request">
        <div className="form">
          <Combobox
            label="Model"
            value={model}
            onChange={setModel}
            options={models.map(({ id, owner }) => ({ value: id, label: id, description: owner }))}
            search="Search models…"
          />
          <TextArea label="Message" rows={3} value={message} onChange={({ target }) => setMessage(target.value)} />
          <Checkbox label="Stream the answer" checked={stream} onChange={({ target }) => setStream(target.checked)} />
          <Attempt wanted={{ model, message, stream }} />
        </div>
      </Section>
      <Section title="Code">
        <div className="form">
          <Segments label="Language" value={language} onChange={choose} options={languages.map((each) => [each, each])} />
          <Copyable text={snippet} label="Copy the code" />
        </div>
      </Section>
    </>
  );
}

/** Sends the request with the session of the page. It costs what a request with a key costs. */
function Attempt({ wanted }: { wanted: Parameters<typeof tryRequest>[0] }) {
  const [tried, show] = useState<Tried>();
  const [error, setError] = useState<unknown>();
  const [running, setRunning] = useState<AbortController>();
  const current = useRef<AbortController>(undefined);
  useEffect(() => () => current.current?.abort(), []);
  const send = async () => {
    const controller = new AbortController();
    current.current = controller;
    setRunning(controller);
    show(undefined);
    setError(undefined);
    try {
      await tryRequest(wanted, show, controller.signal);
    } catch (caught) {
      if (!controller.signal.aborted) setError(caught);
    } finally {
      setRunning(undefined);
    }
  };
  return (
    <>
      <div className="actions">
        {running && (
          <Button kind="ghost" icon="stop" onClick={() => running.abort()}>
            Stop
          </Button>
        )}
        <Button kind="primary" icon="send" busy={running !== undefined} disabled={wanted.message.trim() === ''} onClick={() => void send()}>
          Send
        </Button>
      </div>
      {error !== undefined && <ErrorNotice error={error} />}
      {tried && (
        <section aria-label="Answer" aria-live="polite" aria-busy={running !== undefined}>
          <p className="tried">{tried.text}</p>
          {tried.totalMs !== undefined && <p className="muted small">{factsOf(tried)}</p>}
          <details>
            <summary>Response</summary>
            <Scrolling as="pre" className="file-text" aria-label="Response">
              {tried.raw}
            </Scrolling>
          </details>
        </section>
      )}
    </>
  );
}

const factsOf = ({ firstMs, totalMs = 0, usage }: Tried): string =>
  [
    firstMs !== undefined && `first text after ${duration(firstMs)}`,
    `${duration(totalMs)} in all`,
    usage && `${count(usage.prompt_tokens)} + ${count(usage.completion_tokens)} tokens`,
  ]
    .filter(Boolean)
    .join(' · ');
