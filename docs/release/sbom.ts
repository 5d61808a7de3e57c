import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

type Bill = {
  serialNumber: string;
  metadata: { timestamp: string; component: { name: string; type: string } };
};

/**
 * All packages that `npm ci` installs, in CycloneDX, by `npm sbom`. Packages that only development and tests use are marked as such. The same commit
 * gives the same text: the name is that of the package instead of the folder, the time that of the commit, and the serial number follows from both.
 */
export function softwareBillOf(root: string, run: (program: string, ...args: string[]) => string): string {
  const bill = JSON.parse(run('npm', 'sbom', '--sbom-format', 'cyclonedx', '--package-lock-only', '--offline')) as Bill;
  const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { name: string; version: string };
  bill.metadata.component = { ...bill.metadata.component, name, type: 'application' };
  bill.metadata.timestamp = new Date(run('git', 'log', '-1', '--format=%cI').trim()).toISOString();
  const hash = createHash('sha256').update(`${name}@${version} ${bill.metadata.timestamp}`).digest('hex');
  bill.serialNumber = `urn:uuid:${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-a${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
  return `${JSON.stringify(bill, undefined, 2)}\n`;
}
