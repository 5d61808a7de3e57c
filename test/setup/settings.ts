import type { World } from './world.ts';

/** Sets platform settings and waits until every process has forgotten the old ones. */
export async function setPlatform({ sql }: Pick<World, 'sql'>, settings: Record<string, unknown>): Promise<void> {
  for (const [key, value] of Object.entries(settings))
    await sql('insert into platform_settings (key, value) values ($1, $2) on conflict (key) do update set value = excluded.value', [
      key,
      JSON.stringify(value),
    ]);
  await new Promise((done) => setTimeout(done, 1_100));
}
