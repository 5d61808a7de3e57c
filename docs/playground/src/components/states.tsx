import type { ReactNode } from 'react';
import { ApiError } from '../../../../client/index.ts';
import { Button } from '../ui/buttons.tsx';

export const Loading = ({ what = 'Loading' }: { what?: string }) => (
  <output className="loading">
    <span className="spinner" />
    {what}…
  </output>
);

/** Empty state of a list. */
export const Empty = ({ title, children, action }: { title: string; children?: ReactNode; action?: ReactNode }) => (
  <div className="empty">
    <h3>{title}</h3>
    {children && <p>{children}</p>}
    {action}
  </div>
);

/** The message of an error, with reason and trace id for the operator. */
export function ErrorNotice({ error, retry }: { error: unknown; retry?: (() => void) | undefined }) {
  const known = error instanceof ApiError ? error : undefined;
  return (
    <div className="notice danger" role="alert">
      <div>
        {messageOf(error)}
        {known && (
          <span className="trace">
            {[known.reason ?? known.code, known.traceId && `trace ${known.traceId}`].filter(Boolean).join(' · ')}
          </span>
        )}
      </div>
      {retry && (
        <Button kind="ghost" icon="retry" onClick={retry}>
          Try again
        </Button>
      )}
    </div>
  );
}

export const messageOf = (error: unknown): string =>
  error instanceof ApiError ? error.serverMessage : error instanceof Error ? error.message : String(error);

/** The validation message for a field, by its path in the request body. */
export function problemOf(error: unknown, field: string): string | undefined {
  if (!(error instanceof ApiError)) return undefined;
  return error.issues.find(({ path }) => path === field || path.startsWith(`${field}.`))?.message;
}

type QueryStateProps<Data> = {
  query: { data: Data | undefined; error: unknown; refetch: () => Promise<unknown> };
  /** Shown if the data is an empty array. */
  empty?: ReactNode;
  children: (data: Data) => ReactNode;
};

/** Renders the states of a query. On an error, data from before stays visible. */
export function QueryState<Data>({ query: { data, error, refetch }, empty, children }: QueryStateProps<Data>) {
  const isEmpty = empty !== undefined && Array.isArray(data) && data.length === 0;
  return (
    <>
      {Boolean(error) && <ErrorNotice error={error} retry={() => void refetch()} />}
      {data !== undefined ? (isEmpty ? empty : children(data)) : !error && <Loading />}
    </>
  );
}
