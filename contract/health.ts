import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import type { Resource } from './shared/route.ts';

/** The answer of a process that lives. */
export const Liveness = z.object({ status: z.literal('ok') }).meta({ id: 'Liveness' });

/** Whether the object store can be used. */
export const StorageState = z
  .enum(['ok', 'not_configured', 'unreachable', 'failing', 'bucket_missing', 'credentials_refused', 'access_denied', 'folder_unusable'])
  .meta({ id: 'StorageState', description: 'Whether the object store can be used. Requests that do not need it are served all the same.' });
export type StorageState = z.infer<typeof StorageState>;

/** The answer of a process that can work. */
export const Readiness = z
  .object({
    status: z.literal('ok'),
    schema_version: z.string().meta({ description: 'Version of the database schema that the process uses.' }),
    storage: StorageState,
  })
  .meta({ id: 'Readiness' });
export type Readiness = z.infer<typeof Readiness>;

/** The answer of a process that cannot work now. */
export const Unreadiness = z
  .object({ status: z.literal('unavailable'), reason: z.string().meta({ description: 'For operators; not part of the contract.' }) })
  .meta({ id: 'Unreadiness' });
export type Unreadiness = z.infer<typeof Unreadiness>;

/** The probes of load balancers and supervisors, at the API and at the gateway. */
export const health = initContract().router({
  live: {
    method: 'GET',
    path: '/healthz',
    summary: 'Tell whether the process lives',
    description: 'Touches no dependency: restart the process if it does not answer.',
    responses: { 200: Liveness },
    metadata: { auth: 'public', probe: true },
  },
  ready: {
    method: 'GET',
    path: '/readyz',
    summary: 'Tell whether the process can work',
    description: 'Send requests to the process only while it answers 200. 503 is an answer here and no `Problem`.',
    responses: { 200: Readiness, 503: Unreadiness },
    metadata: { auth: 'public', probe: true },
  },
} as const satisfies Resource);
