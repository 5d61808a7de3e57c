import childProcess from 'node:child_process';
import dgram from 'node:dgram';
import dns from 'node:dns';
import fs from 'node:fs';
import { registerHooks, syncBuiltinESMExports } from 'node:module';
import net from 'node:net';

/** Globals of Node.js that reach the host, and none of the interpreters needs. */
const globals = [
  ...['process', 'require', 'global', 'module', 'Buffer', 'navigator', 'localStorage', 'sessionStorage', 'Worker'],
  ...['fetch', 'WebSocket', 'EventSource', 'Request', 'Response', 'Headers', 'FormData', 'XMLHttpRequest', 'BroadcastChannel'],
  ...['MessageChannel', 'MessagePort'],
];

/** Parts of `process` that act on the host. The rest is used by Node.js itself. */
const ofProcess = [
  ...['binding', '_linkedBinding', 'dlopen', 'getBuiltinModule', 'mainModule', 'report', 'constructor', 'execve', 'loadEnvFile'],
  ...[
    'kill',
    '_kill',
    'abort',
    'exit',
    'reallyExit',
    '_debugProcess',
    '_debugEnd',
    'chdir',
    'send',
    'stdin',
    'stdout',
    'stderr',
    'openStdin',
  ],
  ...['_getActiveHandles', '_getActiveRequests', 'initgroups', 'setgid', 'setuid', 'setgroups', 'setegid', 'seteuid'],
];

/**
 * Removes what code that escapes from its interpreter into JavaScript could use. The process itself has no rights to files, programs, threads and
 * addons, cannot compile code from strings, and has an empty environment; Node.js 24 has no such limit for the network.
 */
export function lockDown(): void {
  const deny = () => {
    throw new Error('This is not available in the sandbox.');
  };
  const fixed = { value: deny, writable: false, configurable: false };
  for (const prototype of [net.Socket.prototype, net.Server.prototype, dgram.Socket.prototype])
    for (const name of ['connect', 'listen', 'bind', 'send']) if (name in prototype) Object.defineProperty(prototype, name, fixed);
  // The interpreters hold these modules as well, and with `fs` the code could write to the pipe of the answers.
  for (const module of [fs, fs.promises, dns, dns.promises, childProcess])
    for (const [name, value] of Object.entries(module)) if (typeof value === 'function') Object.defineProperty(module, name, fixed);
  syncBuiltinESMExports();
  registerHooks({ resolve: deny, load: deny });
  for (const name of ofProcess) Object.defineProperty(process, name, { value: undefined, writable: false, configurable: false });
  for (const name of globals) Reflect.deleteProperty(globalThis, name);
  // Pyodide reports its failures here as well.
  globalThis.console = new Proxy(console, { get: () => () => undefined });
}
