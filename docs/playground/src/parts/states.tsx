import type { ReactNode } from 'react';
import { ApiError } from '../../../../client/index.ts';
import { Button } from './buttons.tsx';

/** Something is on its way. */
export const Loading = ({ what = 'Loading' }: { what?: string }) => (
  <p className="loading" role="status">
    <span className="spinner" />
    {what}…
  </p>
);

/** There is nothing yet, and what can be done about it. */
export const Empty = ({ title, children, action }: { title: string; children?: ReactNode; action?: ReactNode }) => (
  <div className="empty">
    <h3>{title}</h3>
    {children && <p>{children}</p>}
    {action}
  </div>
);

/** What went wrong, with what the operator needs to find it. */
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
        <Button kind="quiet" icon="retry" onClick={retry}>
          Try again
        </Button>
      )}
    </div>
  );
}

/** The words of an error. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What is wrong with one field of a form, by its path in the body; undefined when nothing is. */
export function problemOf(error: unknown, field: string): string | undefined {
  if (!(error instanceof ApiError)) return undefined;
  return error.issues.find(({ path }) => path === field || path.startsWith(`${field}.`))?.message;
}

type QueryStateProps<Data> = {
  query: { data: Data | undefined; error: unknown; refetch: () => Promise<unknown> };
  /** Shown when there is nothing in the data. */
  empty?: ReactNode;
  children: (data: Data) => ReactNode;
};

/** A query in each of its states; an error leaves what was there before in place. */
export function QueryState<Data>({ query: { data, error, refetch }, empty, children }: QueryStateProps<Data>) {
  const isEmpty = empty !== undefined && Array.isArray(data) && data.length === 0;
  return (
    <>
      {Boolean(error) && <ErrorNotice error={error} retry={() => void refetch()} />}
      {data !== undefined ? (isEmpty ? empty : children(data)) : !error && <Loading />}
    </>
  );
}
