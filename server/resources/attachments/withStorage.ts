import type { RequestScope } from '../../http/scope.ts';
import { failWith } from '../../platform/failure.ts';
import { type Storage, StorageUnavailable } from '../../storage/storage.ts';

/** Throws 503 `attachment_storage_unavailable` if no object store is configured or it does not respond. */
export async function withStorage<T>({ app, client }: RequestScope, work: (storage: Storage) => Promise<T>): Promise<T> {
  if (!app.storage) throw unavailable();
  try {
    return await work(app.storage);
  } catch (error) {
    if (!(error instanceof StorageUnavailable)) throw error;
    app.log.warn({ reason: error.reason, err: error.cause, trace_id: client.traceId }, 'the object store is not available');
    throw unavailable();
  }
}

const unavailable = () => failWith('unavailable', 'attachment_storage_unavailable', 'There is no store for attachments.');
