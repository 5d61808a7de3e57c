import { type ReactNode, useState } from 'react';
import { ApiError, ConnectionError, TimeoutError } from '../../../../client/index.ts';
import { Button } from '../ui/buttons.tsx';
import { Icon } from '../ui/icons.tsx';
import { isMissingFile, issueSentence } from '../ui/internal/apiMessage.ts';
import { isOwnMessage } from './ownMessage.ts';
import { useIsLong, useRetrySeconds } from './waiting.ts';

/** Milliseconds after which a person wonders whether anything happens. */
const longMs = 6_000;

/** Tells also why it takes long, if that is known. */
export function Loading({ what = 'Loading' }: { what?: string }) {
  const seconds = useRetrySeconds();
  const isLong = useIsLong(longMs);
  return (
    <output className="loading">
      <span className="spinner" />
      {what}…
      {seconds > 0 ? (
        <>
          {' '}
          The server is busy. Trying again<span aria-hidden="true"> in {seconds} s</span>.
        </>
      ) : (
        isLong && ' This takes longer than usual.'
      )}
    </output>
  );
}

/** Empty state of a list. A primary `action` replaces the one in the header of the page. */
export const Empty = ({ title, children, action }: { title: string; children?: ReactNode; action?: ReactNode }) => (
  <div className="empty">
    <h3>{title}</h3>
    {children && <p>{children}</p>}
    {action}
  </div>
);

/**
 * What went wrong, in sentences. Status, reason and trace id for the operator are behind "Details".
 * An error of a form field belongs beside the field: `Form` does that.
 */
export function ErrorNotice({ error, retry }: { error: unknown; retry?: (() => unknown) | undefined }) {
  const [busy, setBusy] = useState(false);
  // Until the new attempt ends, the notice stays.
  const tryAgain = async () => {
    setBusy(true);
    await Promise.resolve(retry?.()).catch(() => undefined);
    setBusy(false);
  };
  return (
    <div className="notice danger" role="alert">
      <Icon name="warning" />
      <div>
        <p>{messageOf(error)}</p>
        <Details>{detailsOf(error)}</Details>
      </div>
      {retry && (
        <Button kind="ghost" icon="retry" busy={busy} onClick={() => void tryAgain()}>
          Try again
        </Button>
      )}
    </div>
  );
}

/** Text that a model provider wrote, such as an error message. */
const ProviderQuote = ({ children }: { children: ReactNode }) => (
  <figure className="quote">
    <figcaption>The model provider responded with an error:</figcaption>
    <blockquote>{children}</blockquote>
  </figure>
);

/** Why a call to a model failed. A text that the provider wrote is quoted as the provider's. */
export const ProviderMessage = ({ children }: { children: string }) =>
  isOwnMessage(children) ? <p>{children}</p> : <ProviderQuote>{children}</ProviderQuote>;

/** Identifiers for the operator, such as a trace id, which most users do not need. */
export const Details = ({ children }: { children: ReactNode }) =>
  children ? (
    <details className="trace">
      <summary>Details</summary>
      <code>{children}</code>
    </details>
  ) : null;

export const messageOf = (error: unknown): string => {
  if (error instanceof ApiError) return error.issues[0] ? issueSentence(error.issues[0]) : error.serverMessage;
  if (error instanceof TimeoutError) return 'The server took too long to respond. Try again.';
  if (error instanceof ConnectionError) return 'The server cannot be reached. Check your connection, then try again.';
  if (isMissingFile(error)) return 'The page could not be loaded. Check your connection, then reload it.';
  return error instanceof Error ? error.message : String(error);
};

/** Status, reason and trace id. */
export const detailsOf = (error: unknown): string => {
  if (error instanceof ConnectionError || isMissingFile(error)) return error.message;
  if (!(error instanceof ApiError)) return '';
  return [error.status, error.reason ?? error.code, error.traceId && `trace ${error.traceId}`].filter(Boolean).join(' · ');
};

type QueryStateProps<Data> = {
  query: { data: Data | undefined; error: unknown; refetch: () => Promise<unknown>; isFetchNextPageError?: boolean };
  /** Shown if the data is an empty array. */
  empty?: ReactNode;
  children: (data: Data) => ReactNode;
};

/** Renders the states of a query. On an error, data from before stays visible. `More` shows the error of a next page. */
export function QueryState<Data>({
  query: { data, error, refetch, isFetchNextPageError = false },
  empty,
  children,
}: QueryStateProps<Data>) {
  const isEmpty = empty !== undefined && Array.isArray(data) && data.length === 0;
  return (
    <>
      {Boolean(error) && !isFetchNextPageError && <ErrorNotice error={error} retry={() => refetch()} />}
      {data !== undefined ? (isEmpty ? empty : children(data)) : !error && <Loading />}
    </>
  );
}
