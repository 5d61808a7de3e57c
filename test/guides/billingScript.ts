import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fileOf, root, snippetsOf } from './snippets.ts';

type Payment = { invoice: string; account_id: string; paid_until: string; credits: number };

/** What the script of the guide needs. */
export const billingScopes = ['platform.subscriptions.manage', 'platform.credits.manage', 'platform.usage.read'];

/** Runs the script of the guide to service keys as a program of its own. Returns the lines that it printed. */
export async function runBillingScript({ url, key, payments }: { url: string; key: string; payments: Payment[] }): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'arkloop-billing-'));
  try {
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    const script = snippetsOf('docs/guides/service-keys.md').find((snippet) => fileOf(snippet) === 'billing.ts')!;
    writeFileSync(join(folder, 'billing.ts'), script.text);
    const env = {
      PATH: process.env.PATH,
      NODE_OPTIONS: `--import=${new URL('./resolve.ts', import.meta.url).href}`,
      ...{ ARKLOOP_URL: url, ARKLOOP_SERVICE_KEY: key, PAYMENTS: JSON.stringify(payments) },
    };
    const { stdout } = await promisify(execFile)(process.execPath, ['billing.ts'], { cwd: folder, env });
    return stdout.trim().split('\n');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
