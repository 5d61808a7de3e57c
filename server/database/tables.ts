import type { InferKyselyDB } from '@mikro-orm/postgresql';
import type { entities } from './entities.ts';

/** A view of the bytes that each row stores, by account and quota. The triggers keep the sums in `quota_usage`. */
type StoredBytes = { account_id: string; quota: 'attachments' | 'events' | 'messages' | 'workspaces'; bytes: number };

/** The tables as the builder sees them. A type only: serving processes load neither the ORM nor the entities. */
export type Tables = InferKyselyDB<(typeof entities)[number]> & { stored_bytes: StoredBytes };
