import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fileOf, snippetsOf } from '../../guides/snippets.ts';

type Key = { kid: string; x: string };

/** Runs the two verifications of the guide on a proof: with Node.js and with OpenSSL. Each returns what it printed, or rejects. */
export async function verifyAsInGuide(proof: string, keys: readonly Key[]): Promise<{ node: Promise<string>; openssl: Promise<string> }> {
  const snippets = snippetsOf('docs/guides/erasure.md');
  const script = snippets.find((snippet) => fileOf(snippet) === 'verify-erasure.ts')!.text;
  const shell = snippets.find(({ text }) => text.includes('openssl pkeyutl'))!.text;
  const folder = mkdtempSync(join(tmpdir(), 'arkloop-proof-'));
  writeFileSync(join(folder, 'proof.jws'), proof);
  writeFileSync(join(folder, 'keys.json'), JSON.stringify({ keys }));
  writeFileSync(join(folder, 'verify-erasure.ts'), script);
  const run = async (program: string, args: string[]) => {
    const env = { PATH: process.env.PATH, X: keys[0]!.x };
    return (await promisify(execFile)(program, args, { cwd: folder, env })).stdout.trim();
  };
  const node = run(process.execPath, ['verify-erasure.ts']);
  const openssl = run('bash', ['-euc', shell]);
  await Promise.allSettled([node, openssl]);
  rmSync(folder, { recursive: true, force: true });
  return { node, openssl };
}
