import { vi } from 'vitest';
import { runKit } from '../../../client/conformance/main.ts';
import type { Ended } from '../../support/checks/thirdParty.ts';

/** Runs the conformance kit in this process, which saves loading it anew. Returns its exit status and output. */
export async function runKitHere(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const said = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      said[name] += text;
      return true;
    }),
  );
  try {
    const code = await runKit([...args], env);
    return { code, ...said };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
