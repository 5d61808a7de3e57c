// For runtimes with a command line.
import { scenario } from './scenario.js';

const [url, login, password] = globalThis.Deno?.args ?? process.argv.slice(2);
console.log(JSON.stringify(await scenario({ url, login, password })));
