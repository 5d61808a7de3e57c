import { z } from 'zod';
import { initContract, type Resource } from './shared/route.ts';

export const Liveness = z
  .object({ status: z.literal('ok').meta({ description: 'Always `ok`.' }) })
  .meta({ id: 'Liveness', description: 'The process is alive.' });

export const StorageState = z
  .enum(['ok', 'not_configured', 'unreachable', 'failing', 'bucket_missing', 'credentials_refused', 'access_denied', 'folder_unusable'])
  .meta({ id: 'StorageState', description: 'Whether the object store can be used. Requests that do not need it are served in any case.' });
export type StorageState = z.infer<typeof StorageState>;

export const NotificationState = z.enum(['ok', 'unreachable']).meta({
  id: 'NotificationState',
  description:
    'Whether the process receives notifications of other processes. Without them, streams poll the database, and nothing is cached.',
});
export type NotificationState = z.infer<typeof NotificationState>;

export const Readiness = z
  .object({
    status: z.literal('ok').meta({ description: 'Always `ok`.' }),
    schema_version: z.string().meta({ description: 'Version of the database schema that the process uses.' }),
    storage: StorageState.meta({ description: 'Whether the object store can be used.' }),
    notifications: NotificationState.meta({ description: 'Whether the process receives notifications of other processes.' }),
  })
  .meta({ id: 'Readiness', description: 'The process is ready.' });
export type Readiness = z.infer<typeof Readiness>;

export const Unreadiness = z
  .object({
    status: z.literal('unavailable').meta({ description: 'Always `unavailable`.' }),
    reason: z.string().meta({ description: 'For operators; not part of the contract.' }),
  })
  .meta({ id: 'Unreadiness', description: 'The process is not ready.' });
export type Unreadiness = z.infer<typeof Unreadiness>;

/** Served by both the API and the gateway. */
export const health = initContract().router({
  live: {
    method: 'GET',
    path: '/healthz',
    summary: 'Check whether the process is alive',
    description: 'Does not check dependencies. Restart the process if it does not respond.',
    responses: { 200: Liveness },
    metadata: { auth: 'public', probe: true, ignoresUnknownQuery: true },
  },
  ready: {
    method: 'GET',
    path: '/readyz',
    summary: 'Check whether the process is ready',
    description: 'Send requests to the process only while it returns 200. The body of the 503 response is not a `Problem`.',
    responses: { 200: Readiness, 503: Unreadiness },
    metadata: { auth: 'public', probe: true, ignoresUnknownQuery: true },
  },
} as const satisfies Resource);
