import { setTimeout as sleep } from 'node:timers/promises';
import type { Day } from '../dayContext.ts';

/** Follows the guide. Only the 24 hours for repeated requests and shares are left out. */
export async function replaceKeys({ installation, keys, tokenSeconds, report, say, withoutFailure }: Day): Promise<void> {
  const enter = async (stage: 'known' | 'used' | 'alone') => {
    keys.enter(stage);
    installation.use({ env: keys[stage] });
    await installation.replaceProcesses();
  };
  await withoutFailure('the new keys are known', () => enter('known'));
  await withoutFailure('the new keys are used', () => enter('used'));
  const usedSince = Date.now();
  await withoutFailure('everything is sealed again', async () => say(`  ${lastLine(await installation.command(['rotate']))}`));
  await sleep(Math.max(0, usedSince + tokenSeconds * 1_000 - Date.now()));
  await withoutFailure('the old keys are gone', () => enter('alone'));
  // With the new key alone, the command reports what it cannot open.
  await installation.command(['rotate']).catch((error: Error) => report({ kind: 'keys.left', subject: 'rotate', detail: error.message }));
}

const lastLine = (text: string) => text.split('\n').at(-1)!;
