import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import * as contract from '../../../contract/index.ts';
import type { Contract } from '../../../contract/shared/route.ts';
import { actionOptions, actionText, targetOptions, targetText } from '../../../docs/playground/src/pages/audit/actions.ts';

const server = fileURLToPath(new URL('../../../server/', import.meta.url));

/** The actions and types of objects that the contract declares. */
const declared = Object.values(contract as Contract)
  .flatMap((resource) => Object.values(resource))
  .flatMap(({ metadata: { audit, auditOnRead } }) => [audit, auditOnRead])
  .filter((each) => each !== undefined && each !== 'none');

/** The actions that the server writes beside them. */
const further = globSync('**/*.ts', { cwd: server }).flatMap((file) =>
  [...readFileSync(server + file, 'utf8').matchAll(/\baction: '(\w+\.\w+)'/g)].map(([, action]) => action!),
);

test('the filters of the audit log offer every action and type of object, each with words of its own', () => {
  expect(declared.length).toBeGreaterThan(150);
  expect(further).toContain('schedule.auto_disable');
  const options = actionOptions(true).flatMap(({ options: ofResource }) => ofResource);
  const offered = options.map(({ value }) => value);
  expect(offered.toSorted()).toEqual([...new Set([...declared.map(([action]) => action), ...further])].toSorted());
  expect(new Set(options.map(({ label }) => label)).size).toBe(options.length);
  expect(options.filter(({ label }) => !/^[A-Z][A-Za-z -]+[:]?[a-z ]+$/.test(label)).map(({ label }) => label)).toEqual([]);
  const targets = targetOptions(true).map(({ value }) => value);
  expect(declared.map(([, target]) => target).filter((target) => !targets.includes(target))).toEqual([]);
});

test('an action of a newer server is named by its code', () => {
  expect([actionText('tide_table.turn_over'), targetText('tide_table')]).toEqual(['Tide table turn over', 'Tide table']);
});
