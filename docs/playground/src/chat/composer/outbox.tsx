import { useEffect, useEffectEvent, useRef, useState, useSyncExternalStore } from 'react';
import { ConnectionError, type NewMessage, TimeoutError } from '../../../../../client/index.ts';
import { ErrorNotice } from '../../components/states.tsx';
import { Button } from '../../ui/buttons.tsx';
import { Icon } from '../../ui/icons.tsx';

/** A message that waits for the connection. Its id is the idempotency key: it is stored once, however often it is sent. */
export type Queued = { readonly id: string; readonly message: NewMessage };

/** Sends the messages in their order, and calls `onSent` after each. Rejects if one could not be sent. */
export type Deliver = (queued: readonly Queued[], onSent: (id: string) => void) => Promise<void>;

const isUnreachable = (error: unknown): boolean => error instanceof ConnectionError || error instanceof TimeoutError;

const watchConnection = (onChange: () => void) => {
  addEventListener('online', onChange);
  addEventListener('offline', onChange);
  return () => {
    removeEventListener('online', onChange);
    removeEventListener('offline', onChange);
  };
};

const useOnline = (): boolean => useSyncExternalStore(watchConnection, () => navigator.onLine);

/** Milliseconds between attempts while the browser is online but the server cannot be reached. */
const retryMs = 4_000;

/** Sends messages now, or keeps them until the connection is back, also over a reload of the page. */
export function useOutbox(place: string, deliver: Deliver) {
  const key = `arkloop.outbox.${place}`;
  const [list, setList] = useState(() => JSON.parse(sessionStorage.getItem(key) ?? '[]') as readonly Queued[]);
  const [error, setError] = useState<unknown>();
  const isSending = useRef(false);
  const isOnline = useOnline();

  useEffect(() => {
    if (list.length > 0) sessionStorage.setItem(key, JSON.stringify(list));
    else sessionStorage.removeItem(key);
  }, [key, list]);

  const remove = (id: string) => setList((all) => all.filter((each) => each.id !== id));
  const flush = useEffectEvent(async () => {
    if (isSending.current) return;
    isSending.current = true;
    try {
      await deliver(list, remove);
    } catch (caught) {
      if (!isUnreachable(caught)) setError(caught);
    } finally {
      isSending.current = false;
    }
  });
  const isWaiting = list.length > 0 && isOnline && error === undefined;
  useEffect(() => {
    if (!isWaiting) return undefined;
    void flush();
    const timer = setInterval(() => void flush(), retryMs);
    return () => clearInterval(timer);
  }, [isWaiting]);

  return {
    list,
    isOnline,
    error,
    retry: () => setError(undefined),
    remove: (id: string) => {
      setError(undefined);
      remove(id);
    },
    /** Rejects if the server refuses the message; the text is then not queued. */
    async send(message: NewMessage) {
      const queued = { id: newKey(), message };
      const wait = () => setList((all) => [...all, queued]);
      if (!navigator.onLine || list.length > 0) return wait();
      try {
        await deliver([queued], () => {});
      } catch (caught) {
        if (!isUnreachable(caught)) throw caught;
        wait();
      }
    },
  };
}

/** `crypto.randomUUID` is missing on pages without HTTPS. */
const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');

type Outbox = ReturnType<typeof useOutbox>;

const textOf = ({ content, content_json }: NewMessage): string =>
  content ?? content_json?.parts.map((part) => (part.type === 'text' ? part.text : part.attachment.filename)).join('\n') ?? '';

/** The messages that wait, at the end of the transcript. */
export const QueuedMessages = ({ outbox: { list, error, retry, remove } }: { outbox: Outbox }) =>
  list.length > 0 && (
    <>
      {list.map(({ id, message }) => (
        <article key={id} className="mine queued" aria-label="Waiting message">
          <p className="bubble">{textOf(message)}</p>
          <footer className="under">
            <Icon name="clock" />
            <span className="muted">Waiting for the connection</span>
            <Button kind="ghost" small onClick={() => remove(id)}>
              Discard
            </Button>
          </footer>
        </article>
      ))}
      {error !== undefined && <ErrorNotice error={error} retry={retry} />}
    </>
  );

/** Says above the composer that nothing can be sent now. */
export function OfflineNotice({ outbox: { list, isOnline } }: { outbox: Outbox }) {
  if (isOnline && list.length === 0) return null;
  return (
    <output className="offline">
      <Icon name="globe" />
      {isOnline
        ? 'The server cannot be reached. Your message will be sent when it is back.'
        : list.length === 0
          ? 'You are offline. A message that you write now will be sent when the connection is back.'
          : list.length === 1
            ? 'You are offline. Your message will be sent when the connection is back.'
            : `You are offline. Your ${list.length} messages will be sent when the connection is back.`}
    </output>
  );
}
