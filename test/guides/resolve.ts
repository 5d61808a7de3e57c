import { existsSync } from 'node:fs';
import { registerHooks } from 'node:module';

// Preloaded into the programs of the guides. Resolves `@arkloop/client`, the published name, to the source of the client.
const client = new URL('../../client/', import.meta.url);
registerHooks({
  resolve(specifier, context, next) {
    const [, entry] = /^@arkloop\/client(?:\/(\w+))?$/.exec(specifier) ?? [];
    if (!specifier.startsWith('@arkloop/client')) return next(specifier, context);
    const source = new URL(entry ? `${entry}/index.ts` : 'index.ts', client);
    return next(existsSync(source) ? source.href : specifier, context);
  },
});
