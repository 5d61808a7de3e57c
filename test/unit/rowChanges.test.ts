import { expect, test } from 'vitest';
import { startTestApp } from '../support/app/testApp.ts';
import { watchRows } from '../support/checks/rowChanges.ts';

test('names the tables of which rows were inserted, updated or deleted', async () => {
  const app = await startTestApp({}, { worker: false });
  const set = (key: string, value: string) =>
    app.sql('insert into platform_settings (key, value) values ($1, $2) on conflict (key) do update set value = excluded.value', [
      key,
      value,
    ]);
  await set('sample', '1');
  const unchanged = await watchRows(app);
  await app.sql('select key from platform_settings');
  expect(await unchanged()).toEqual([]);
  for (const change of [
    () => set('sample', '2'),
    () => set('other', '1'),
    () => app.sql(`delete from platform_settings where key = 'other'`),
    // The same number of rows as before.
    () => app.sql(`with gone as (delete from platform_settings where key = 'sample') insert into platform_settings values ('third', '1')`),
  ]) {
    const changed = await watchRows(app);
    await change();
    expect(await changed()).toEqual(['platform_settings']);
  }
});
