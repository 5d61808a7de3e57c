import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { runInNewContext } from 'node:vm';
import { gunzip, gzip } from 'node:zlib';
import { type RequestHandler, type Response, Router } from 'express';
import { Failure } from '../../platform/failure.ts';
import { type Description, plainListOf, referencePage, startScript } from './docsPage.ts';

// Only files of this server. The reference uses inline styles and sends requests to this server only.
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Serves the OpenAPI document at `/openapi.json` and the API reference at `/docs`. The pages send no request to another host. */
export function docsRouter(): RequestHandler {
  const description = readFileSync(new URL('../../../docs/openapi.json', import.meta.url), 'utf8');
  const reference = findReference();
  const page = referencePage(plainListOf(JSON.parse(description) as Description), reference?.version);
  const packedDescription = lazily(() => promisify(gzip)(description));

  const router = Router();
  const serve = (path: string, answer: (res: Response, gzipped: boolean) => unknown) =>
    router
      .route(path)
      .get((req, res) => answer(res.set('x-content-type-options', 'nosniff'), req.acceptsEncodings('gzip') === 'gzip'))
      .all((req) => {
        throw new Failure('wrong_method', `${req.method} is not possible here.`, {}, { allow: 'GET, HEAD' });
      });

  serve('/openapi.json', async (res, gzipped) => {
    res.set({ 'cache-control': 'no-cache', vary: 'Accept-Encoding' }).type('json');
    if (!gzipped) return res.send(description);
    res.set('content-encoding', 'gzip').send(await packedDescription());
  });
  serve('/docs', (res) => res.set({ 'content-security-policy': policy, 'cache-control': 'no-cache' }).type('html').send(page));
  if (!reference) return router;
  const packed = lazily(async () => promisify(gzip)(await bundleIn(reference.file)));
  serve('/docs/start.js', (res) => res.set('cache-control', 'no-cache').type('js').send(startScript));
  serve('/docs/reference.js', async (res, gzipped) => {
    res.set({ 'cache-control': 'public, max-age=31536000, immutable', vary: 'Accept-Encoding' }).type('js');
    if (!gzipped) return res.send(await promisify(gunzip)(await packed()));
    res.set('content-encoding', 'gzip').send(await packed());
  });
  return router;
}

/** The module with the bundle of the reference. Undefined if its package is not installed. */
function findReference(): { file: URL; version: string } | undefined {
  try {
    const file = new URL(import.meta.resolve('@scalar/fastify-api-reference'));
    const { version } = JSON.parse(readFileSync(new URL('../package.json', file), 'utf8')) as { version: string };
    return { file, version };
  } catch {
    return undefined;
  }
}

/**
 * The browser bundle, a string literal in Scalar's plugin for Fastify. The literal is extracted instead of imported, because the import
 * would also load an OpenAPI parser (0.4 s, 40 MB).
 */
async function bundleIn(file: URL): Promise<string> {
  const literal = /^var standalone_default = (".*");$/m.exec(await readFile(file, 'utf8'))?.[1];
  if (!literal) throw new Error(`There is no bundle of the API reference in ${file.pathname}.`);
  return runInNewContext(literal) as string;
}

function lazily<Value>(make: () => Promise<Value>) {
  let made: Promise<Value> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
