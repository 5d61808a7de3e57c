import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { builtins } from '../../../server/resources/personas/builtins.ts';
import { ClassifyRouteConfig } from '../../../server/resources/personas/executors.ts';

const home = new URL('../../../server/resources/personas/', import.meta.url);

test('every built-in folder is a valid persona, in the order of the picker', async () => {
  const all = await builtins();
  expect(all.map((each) => each.persona_key)).toEqual(['normal', 'search', 'lite', 'pro', 'ultra', 'auto', 'summarizer']);
  expect(readdirSync(new URL('builtin/', home)).sort()).toEqual(all.map((each) => each.persona_key).sort());
  const hidden = all.filter(({ definition }) => !definition.user_selectable);
  expect(hidden.map(({ persona_key, isSystem }) => [persona_key, isSystem])).toEqual([['summarizer', true]]);
  expect(all.filter(({ isSystem }) => isSystem)).toEqual(hidden);
  for (const { definition } of all) expect(definition.prompt_md.length).toBeGreaterThan(200);
});

test('auto routes to pro or ultra, with pro as the default', async () => {
  const { definition } = (await builtins()).find((each) => each.persona_key === 'auto')!;
  expect(definition.executor_type).toBe('task.classify_route');
  expect(ClassifyRouteConfig.parse(definition.executor_config)).toEqual({
    routes: { pro: { persona_id: 'pro' }, ultra: { persona_id: 'ultra' } },
    default_route: 'pro',
  });
});

test('built-in personas are read once, from any working directory', async () => {
  expect(await builtins()).toBe(await builtins());
  const script = `const { builtins } = await import(${JSON.stringify(new URL('builtins.ts', home).href)}); console.log((await builtins()).length);`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { cwd: tmpdir(), encoding: 'utf8' });
  expect([stdout.trim(), stderr]).toEqual(['7', '']);
});
