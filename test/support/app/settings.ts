import { isDeepStrictEqual } from 'node:util';
import { readSettings, readUncached } from '../../../server/resources/settings/settings.ts';
import { eventually } from '../resources/conversation.ts';
import type { TestApp } from './testApp.ts';

/** Sets platform settings and waits until the caches of this process contain them. Values of null are those of absent settings. */
export async function setPlatformSettings(
  { database, sql }: Pick<TestApp, 'database' | 'sql'>,
  settings: Record<string, unknown>,
): Promise<void> {
  for (const [key, value] of Object.entries(settings))
    await sql('insert into platform_settings (key, value) values ($1, $2) on conflict (key) do update set value = excluded.value', [
      key,
      JSON.stringify(value),
    ]);
  const stored = await readUncached(database, database);
  await eventually(async () => isDeepStrictEqual(await readSettings(database), stored), 'the invalidation of cached settings');
}
