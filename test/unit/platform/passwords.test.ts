import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { expect, test } from 'vitest';
import { createPasswordHasher, hashLimits } from '../../../server/platform/crypto/passwords.ts';

/** The nice values of the threads of this process. */
const niceValues = () =>
  readdirSync('/proc/self/task').map((thread) => {
    const stat = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
  });

test('passwords are hashed in threads of low priority, as many as may work at once', async () => {
  const { hash, verify } = createPasswordHasher();
  const hashes = await Promise.all(Array.from({ length: 2 * hashLimits.most }, () => hash('Passw0rd-1')));
  const lowered = () => niceValues().filter((value) => value === Math.min(getPriority() + 10, 19));
  // The first thread may have done all the work before the last has started.
  await expect.poll(lowered).toHaveLength(hashLimits.most);
  expect(new Set(hashes).size).toBe(hashes.length);
  expect(hashes[0]).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  expect(await Promise.all([verify(hashes[0], 'Passw0rd-1'), verify(hashes[0], 'passw0rd-1'), verify(null, 'Passw0rd-1')])).toEqual([
    true,
    false,
    false,
  ]);
});

test('a hash that cannot be read is an error, and the threads go on', async () => {
  const { hash, verify } = createPasswordHasher();
  await expect(verify('no hash', 'Passw0rd-1')).rejects.toThrow();
  expect(await verify(await hash('Größe 🙂'), 'Größe 🙂')).toBe(true);
});
