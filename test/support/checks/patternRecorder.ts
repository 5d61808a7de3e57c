import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/* Imports the files given as arguments and prints, as JSON, the regular expressions that they create with `RegExp`. */

const made: { source: string; flags: string; place: string }[] = [];

/** `file:line` of a stack frame; empty if it has none. */
function callerIn(stack: string): string {
  const [, url = '', line = ''] = /\((file:.*):(\d+):\d+\)|at (?:async )?(file:.*):(\d+):\d+/.exec(stack)?.filter(Boolean) ?? [];
  return url && `${fileURLToPath(url)}:${line}`;
}

function note(made_: RegExp): RegExp {
  const holder = { stack: '' };
  Error.captureStackTrace(holder, note);
  const frames = holder.stack.split('\n').slice(1);
  const place = frames.map(callerIn).find((each) => each !== '' && !each.startsWith(import.meta.filename));
  if (place) made.push({ source: made_.source, flags: made_.flags, place });
  return made_;
}

globalThis.RegExp = new Proxy(RegExp, {
  construct: (target, args: ConstructorParameters<typeof RegExp>) => note(new target(...args)),
  apply: (target, _, args: ConstructorParameters<typeof RegExp>) => note(target(...args)),
});

const files = process.argv.slice(2).map((file) => resolve(file));
for (const file of files) await import(pathToFileURL(file).href);
process.stdout.write(JSON.stringify(made.filter(({ place }) => files.some((file) => place.startsWith(`${file}:`)))), () => process.exit(0));
