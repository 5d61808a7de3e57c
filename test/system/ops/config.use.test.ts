import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { quotas } from '../../../contract/shared/quotas.ts';
import { propertyOf } from '../../../server/platform/config/config.ts';
import { configVariables } from '../../../server/platform/config/configVariables.ts';
import { registry, variableOf } from '../../../server/resources/settings/registry.ts';
import type { Setting } from '../../../server/resources/settings/types.ts';

const server = fileURLToPath(new URL('../../../server', import.meta.url));

/** The server's code without the tables that declare variables and settings. */
const code = readdirSync(server, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !/^(platform\/config\/|resources\/settings\/registry)/.test(file))
  .map((file) => readFileSync(`${server}/${file}`, 'utf8'))
  .join('\n');

/** Settings whose key the code builds from a tool group or takes from the table of quotas. */
const builtKeys: string[] = [
  ...['web_search.provider', 'web_fetch.provider'],
  ...Object.values(quotas).flatMap((quota) => ('entitlement' in quota ? [quota.entitlement] : [])),
];

/** Variables that the loader of the configuration reads itself. */
const readByLoader = ['ARKLOOP_LOAD_DOTENV', 'ARKLOOP_DOTENV_FILE'];

test('every variable is read by the server', () => {
  const ofSettings = Object.entries<Setting>(registry).map(([key, setting]) => variableOf(key, setting));
  const variables = Object.values(configVariables).flatMap((chapter) => Object.keys(chapter));
  const isRead = (name: string) => ofSettings.includes(name) || code.includes(name) || new RegExp(`\\b${propertyOf(name)}\\b`).test(code);
  expect(variables.filter((name) => !isRead(name))).toEqual(readByLoader);
});

test('every setting is read by the server or described as having no effect', () => {
  const unread = Object.keys(registry).filter((key) => !builtKeys.includes(key) && !code.includes(`'${key}'`));
  const declared = Object.entries(registry).flatMap(([key, { description }]) => (description.includes('no effect') ? [key] : []));
  expect(unread).toEqual(declared);
  for (const use of ['.provider`', '.entitlement']) expect(code).toContain(use);
});
