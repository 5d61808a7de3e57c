import { readFile, stat } from 'node:fs/promises';
import { urls } from '../../platform/config/kinds.ts';
import { errorCodeOf, OperatorError } from '../../platform/operatorError.ts';
import type { Log } from '../../platform/telemetry/log.ts';

const pollMs = 2_000;

/** The addresses in the file: one in a line, `#` starts a comment. Throws an `OperatorError` that names the variable. */
export async function readUpstreamFile(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new OperatorError(`ARKLOOP_GATEWAY_UPSTREAMS_FILE: cannot read ${file} (${errorCodeOf(error)})`);
  });
  const lines = text.split('\n').map((line) => line.replace(/(^|\s)#.*/, '').trim());
  const parsed = urls.schema.safeParse(lines.filter(Boolean).join(','));
  if (!parsed.success) throw new OperatorError(`ARKLOOP_GATEWAY_UPSTREAMS_FILE: expected ${urls.expected}, one in a line, in ${file}`);
  return parsed.data;
}

/** Calls `onChange` when the addresses in the file have changed. A file that cannot be used changes nothing. */
export function watchUpstreamFile(
  file: string,
  { initial, log, onChange }: { initial: readonly string[]; log: Log; onChange(addresses: string[]): void },
): { close(): void } {
  let seen: string | undefined;
  let known = initial.join();
  const look = async () => {
    const stamp = await stampOf(file);
    if (stamp === seen) return;
    seen = stamp;
    const addresses = await readUpstreamFile(file);
    if (addresses.join() === known) return;
    known = addresses.join();
    onChange(addresses);
  };
  const lookSafely = () => void look().catch((err) => log.warn({ err }, 'the file of the upstreams cannot be used; the known ones stay'));
  lookSafely();
  const timer = setInterval(lookSafely, pollMs).unref();
  return { close: () => clearInterval(timer) };
}

/** A missing file has a stamp of its own, so that it is reported once. */
const stampOf = (file: string) =>
  stat(file).then(
    ({ ino, mtimeMs, size }) => `${ino} ${mtimeMs} ${size}`,
    () => 'missing',
  );
