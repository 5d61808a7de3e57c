import type { Config } from '../../platform/config/config.ts';
import { overloaded } from '../access/authenticateRequest.ts';

/**
 * Bytes of uploads that this process holds in memory, and their maximum. Beyond it, requests get 503 instead of the process running out of
 * memory. API processes divide the maximum, but each holds at least a few files.
 */
let bufferedBytes = 0;
const maxBufferedBytes = ({ apiProcesses }: Pick<Config, 'apiProcesses'>) => Math.max(256 / apiProcesses, 32) * 2 ** 20;

export type UploadMemory = { add(bytes: number): void };

/** Counts the bytes of one upload until it is disposed of. `add` throws 503 if this process holds too many. */
export function countUpload(config: Pick<Config, 'apiProcesses'>): UploadMemory & Disposable {
  const max = maxBufferedBytes(config);
  let own = 0;
  return {
    add(bytes) {
      own += bytes;
      bufferedBytes += bytes;
      if (bufferedBytes > max) throw overloaded();
    },
    [Symbol.dispose]() {
      bufferedBytes -= own;
    },
  };
}
