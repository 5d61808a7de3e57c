import type { TestApp } from './testApp.ts';

/** Sets platform settings and waits until cached settings have expired (1.1 s). */
export async function setPlatformSettings({ sql }: Pick<TestApp, 'sql'>, settings: Record<string, unknown>): Promise<void> {
  for (const [key, value] of Object.entries(settings))
    await sql('insert into platform_settings (key, value) values ($1, $2) on conflict (key) do update set value = excluded.value', [
      key,
      JSON.stringify(value),
    ]);
  await new Promise((done) => setTimeout(done, 1_100));
}
