import { stat } from 'node:fs/promises';
import type { Log } from '../platform/telemetry/log.ts';
import { poll } from '../platform/watchFiles.ts';
import type { RequestContext } from './requestContext.ts';

/** Maintenance as administrators set it. */
export type MaintenanceSettings = { isOn: boolean; retryAfterSeconds: number; isAllowed(ip: string): boolean };

/** Whether the file that turns maintenance on exists. */
export type MaintenanceFile = { exists(): boolean; close(): void };

const pollMs = 1_000;

/** Watches the file. It needs neither the API nor the database, which may be what is being maintained. */
export async function watchMaintenanceFile(file: string | undefined, log: Log): Promise<MaintenanceFile> {
  if (file === undefined) return { exists: () => false, close: () => undefined };
  let found = await exists(file);
  if (found) log.warn({ file }, 'maintenance is on, because its file exists');
  const { close } = poll(pollMs, async () => {
    const next = await exists(file);
    if (next !== found) log.warn({ file }, next ? 'maintenance is on: its file was created' : 'maintenance is off: its file was removed');
    found = next;
  });
  return { exists: () => found, close };
}

const exists = (file: string) =>
  stat(file).then(
    () => true,
    () => false,
  );

/** Whether a request is rejected. Platform admins and allowed addresses can look at an installation before all others do. */
export const isInMaintenance = (file: MaintenanceFile, settings: MaintenanceSettings, { ip, identity }: RequestContext): boolean =>
  (settings.isOn || file.exists()) && !identity.isPlatformAdmin && !settings.isAllowed(ip);
