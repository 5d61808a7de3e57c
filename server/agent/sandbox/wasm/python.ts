import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { loadPyodide } from 'pyodide';
import type { Prepare } from './interpreter.ts';

const [root, fileName] = ['/workspace', 'main.py'];

/** Runs Python with its standard library in Pyodide. The folder of the code is `/workspace`, in memory. */
export const runPython: Prepare = async ({ code, wheels }, files, print) => {
  // `jsglobals` is what `import js` gives to the code.
  const env = { HOME: root, MPLBACKEND: 'agg' };
  const py = await loadPyodide({ jsglobals: Object.create(null) as object, env, enableRunUntilComplete: false });
  const { FS } = py;
  const extractDir = py.runPython('import site\nsite.getsitepackages()[0]') as string;
  for (const wheel of wheels) py.unpackArchive(new Uint8Array(readFileSync(wheel)), 'wheel', { extractDir });
  FS.mkdirTree(root);
  for (const [path, bytes] of files) {
    FS.mkdirTree(dirname(root + path));
    FS.writeFile(root + path, bytes);
  }
  FS.chdir(root);
  for (const stream of ['setStdout', 'setStderr'] as const) {
    const decoder = new TextDecoder();
    const write = (bytes: Uint8Array) => {
      print(decoder.decode(bytes, { stream: true }));
      return bytes.length;
    };
    py[stream]({ write });
  }
  py.setStdin({ error: true });
  return async () => {
    const outcome: { value?: string; error?: string } = {};
    try {
      const value: unknown = await py.runPythonAsync(code, { filename: fileName });
      if (value !== undefined) outcome.value = String(value);
    } catch (error) {
      outcome.error = messageOf(error);
    }
    py.runPython('import sys\nsys.stdout.flush()\nsys.stderr.flush()');
    const found = new Map<string, Uint8Array>();
    collect(FS, root, found);
    return { ...outcome, files: found };
  };
};

/** The traceback without the frames of Pyodide. */
function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const at = text.indexOf(`  File "${fileName}"`);
  return (at < 0 ? text : `Traceback (most recent call last):\n${text.slice(at)}`).trimEnd();
}

type FileSystem = Awaited<ReturnType<typeof loadPyodide>>['FS'];

/** Reads the regular files below a folder. Links are not followed. */
function collect(fs: FileSystem, folder: string, found: Map<string, Uint8Array>) {
  for (const name of fs.readdir(folder) as string[]) {
    if (name === '.' || name === '..' || name === '__pycache__') continue;
    const path = `${folder}/${name}`;
    const { mode } = fs.lstat(path) as { mode: number };
    if (fs.isDir(mode)) collect(fs, path, found);
    else if (fs.isFile(mode)) found.set(path.slice(root.length), fs.readFile(path) as Uint8Array);
  }
}
