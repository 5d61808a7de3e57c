import { readFile } from 'node:fs/promises';
import { urls } from '../../platform/config/kinds.ts';
import { errorCodeOf, OperatorError } from '../../platform/operatorError.ts';
import { openFiles, type WatchedFiles } from '../../platform/watchFiles.ts';

/** The addresses in the file: one in a line, `#` starts a comment. Throws an `OperatorError` that names the variable. */
export const openUpstreamFile = (file: string): Promise<WatchedFiles<string[]>> => openFiles([file], () => readUpstreamFile(file));

async function readUpstreamFile(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new OperatorError(`ARKLOOP_GATEWAY_UPSTREAMS_FILE: cannot read ${file} (${errorCodeOf(error)})`);
  });
  const lines = text.split('\n').map((line) => line.replace(/(^|\s)#.*/, '').trim());
  const parsed = urls.schema.safeParse(lines.filter(Boolean).join(','));
  if (!parsed.success) throw new OperatorError(`ARKLOOP_GATEWAY_UPSTREAMS_FILE: expected ${urls.expected}, one in a line, in ${file}`);
  return parsed.data;
}
