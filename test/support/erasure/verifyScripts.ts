import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fileOf, snippetsOf } from '../../guides/snippets.ts';
import { machinePath } from '../app/programs.ts';

export type SignedProof = { proof: string; keys: readonly { kid: string; x: string }[] };

const snippets = snippetsOf('docs/guides/erasure.md');
const script = snippets.find((snippet) => fileOf(snippet) === 'verify-erasure.ts')!.text;
const shell = snippets.find(({ text }) => text.includes('openssl pkeyutl'))!.text;

/** Runs the verification of the guide with Node.js. Returns what it prints, or rejects. */
export const verifyWithNode = (signed: SignedProof): Promise<string> => run(process.execPath, ['verify-erasure.ts'], signed);

/** Runs the verification of the guide with OpenSSL. Returns what it prints, or rejects. */
export const verifyWithOpenSsl = (signed: SignedProof): Promise<string> => run('bash', ['-euc', shell], signed);

async function run(program: string, args: string[], { proof, keys }: SignedProof): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'arkloop-proof-'));
  try {
    writeFileSync(join(folder, 'proof.jws'), proof);
    writeFileSync(join(folder, 'keys.json'), JSON.stringify({ keys }));
    writeFileSync(join(folder, 'verify-erasure.ts'), script);
    const { stdout } = await promisify(execFile)(program, args, { cwd: folder, env: { PATH: machinePath(), X: keys[0]!.x } });
    return stdout.trim();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
