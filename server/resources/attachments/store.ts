import { refuse } from '../../kernel/failure.ts';
import type { RequestScope } from '../../kernel/scope.ts';
import { type Storage, StorageUnavailable } from '../../kernel/storage.ts';

/** Work with the object store. Throws 503 `attachment_storage_unavailable` where there is none, or it does not answer. */
export async function withStorage<T>({ app, origin }: RequestScope, work: (storage: Storage) => Promise<T>): Promise<T> {
  if (!app.storage) throw unavailable();
  try {
    return await work(app.storage);
  } catch (error) {
    if (!(error instanceof StorageUnavailable)) throw error;
    app.log.warn({ reason: error.reason, err: error.cause, trace_id: origin.traceId }, 'the object store is not available');
    throw unavailable();
  }
}

const unavailable = () => refuse('unavailable', 'attachment_storage_unavailable', 'There is no store for attachments.');
