import variant from '@jitl/quickjs-wasmfile-release-sync';
import { newQuickJSWASMModuleFromVariant, type QuickJSHandle, type QuickJSSyncVariant } from 'quickjs-emscripten-core';
import type { Prepare } from './interpreter.ts';

const maxStackBytes = 512 * 1024;
/** Of the files, which are outside of the interpreter's memory; more than those of a job and of its result together. */
const maxFileBytes = 96 * 2 ** 20;
/** Counted for each file beside its content and path. */
const bytesPerFile = 512;

/**
 * Defines `console` and `workspace` from the functions of the host, which it removes from the global object. Texts pass as JSON, because the
 * interpreter's strings end at U+0000 there.
 */
const prelude = `(() => {
  const { print, list, readBytes, readText, write, remove } = globalThis.__host;
  delete globalThis.__host;
  const { stringify: encode, parse: decode } = JSON;
  const show = (value) => {
    if (typeof value === 'string') return value;
    if (value instanceof Error) return value.name + ': ' + value.message + '\\n' + (value.stack ?? '');
    try { return encode(value) ?? String(value); } catch { return String(value); }
  };
  const log = (...values) => print(encode(values.map(show).join(' ') + '\\n'));
  const bufferOf = (data) => ArrayBuffer.isView(data) ? data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength) : data;
  globalThis.console = Object.freeze({ log, info: log, debug: log, warn: log, error: log });
  globalThis.workspace = Object.freeze({
    list: () => decode(list()),
    read: (path) => decode(readText(encode(String(path)))),
    readBytes: (path) => new Uint8Array(readBytes(encode(String(path)))),
    write: (path, data) => {
      const buffer = bufferOf(data);
      write(encode(String(path)), buffer instanceof ArrayBuffer ? buffer : encode(String(data)));
    },
    remove: (path) => remove(encode(String(path))),
  });
  return (value) => encode(show(value));
})()`;

/** Runs JavaScript in QuickJS. The files are those of the `workspace` object. */
export const runJavascript: Prepare = async ({ code }, files, print) => {
  const runtime = (await newQuickJSWASMModuleFromVariant(variant as unknown as QuickJSSyncVariant)).newRuntime();
  runtime.setMaxStackSize(maxStackBytes);
  const vm = runtime.newContext();
  const host = vm.newObject();
  const define = (name: string, run: (...args: QuickJSHandle[]) => QuickJSHandle | undefined) =>
    vm.setProp(
      host,
      name,
      vm.newFunction(name, (...args) => run(...args) ?? vm.undefined),
    );
  const textOf = (json: QuickJSHandle) => JSON.parse(vm.getString(json)) as string;
  const newText = (value: unknown) => vm.newString(JSON.stringify(value));
  const fileAt = (path: string) => {
    const bytes = files.get(normalize(path));
    if (!bytes) throw new Error(`There is no file at ${path}.`);
    return bytes;
  };
  const bytesOf = (data: QuickJSHandle): Uint8Array =>
    vm.typeof(data) === 'string' ? new TextEncoder().encode(textOf(data)) : new Uint8Array(vm.getArrayBuffer(data).value);
  define('print', (text) => void print(textOf(text!)));
  define('list', () => newText([...files.keys()].sort()));
  define('readText', (path) => newText(new TextDecoder().decode(fileAt(textOf(path!)))));
  define('readBytes', (path) => vm.newArrayBuffer(new Uint8Array(fileAt(textOf(path!))).buffer));
  const sizeOf = (path: string) => (files.has(path) ? files.get(path)!.length + path.length + bytesPerFile : 0);
  let held = [...files.keys()].reduce((sum, path) => sum + sizeOf(path), 0);
  define('write', (given, data) => {
    const path = normalize(textOf(given!));
    const bytes = bytesOf(data!);
    const total = held - sizeOf(path) + bytes.length + path.length + bytesPerFile;
    if (total > maxFileBytes) throw new Error(`All files together are larger than ${maxFileBytes / 2 ** 20} MiB.`);
    files.set(path, bytes);
    held = total;
    return undefined;
  });
  define('remove', (given) => {
    const path = normalize(textOf(given!));
    fileAt(path);
    held -= sizeOf(path);
    files.delete(path);
    return undefined;
  });
  vm.setProp(vm.global, '__host', host);
  const show = vm.unwrapResult(vm.evalCode(prelude, 'prelude.js'));
  const shown = (value: QuickJSHandle) => textOf(vm.unwrapResult(vm.callFunction(show, vm.undefined, value)));
  return async () => {
    const outcome: { value?: string; error?: string } = {};
    let result = vm.evalCode(code, 'main.js');
    const jobs = result.error ? undefined : runtime.executePendingJobs();
    if (!result.error && jobs?.error) result = jobs as never;
    const state = result.error ? undefined : vm.getPromiseState(result.value);
    if (result.error) outcome.error = shown(result.error);
    else if (state?.type === 'rejected') outcome.error = shown(state.error);
    else if (state?.type === 'pending')
      outcome.error = 'The promise of the last expression is never settled: nothing outside of the code settles promises.';
    else if (state && vm.typeof(state.value) !== 'undefined') outcome.value = shown(state.value);
    return { ...outcome, files };
  };
};

/** `/a/b` for `a/b` and `./a/b`. The parent checks paths again. */
const normalize = (path: string) =>
  `/${path
    .split('/')
    .filter((step) => step !== '' && step !== '.')
    .join('/')}`;
