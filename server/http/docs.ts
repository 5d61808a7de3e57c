import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { runInNewContext } from 'node:vm';
import { gunzip, gzip } from 'node:zlib';
import { type RequestHandler, type Response, Router } from 'express';
import { Failure } from '../kernel/failure.ts';
import { type Description, pageOf, plainListOf, startScript } from './docsPage.ts';

// Only our own files; the reference styles itself by inline styles, and asks this server alone.
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

/** Serves the description of the API at `/openapi.json` and a page to read it at `/docs`, without any request to another host. */
export function docsRouter(): RequestHandler {
  const description = readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8');
  const reference = findReference();
  const page = pageOf(plainListOf(JSON.parse(description) as Description), reference?.version);
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

/** The module that carries the bundle of the reference; undefined where its package is not installed. */
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
 * The bundle for browsers, which Scalar's plugin for Fastify holds as one string literal. The literal is read instead of imported: the import
 * would also load a parser of OpenAPI documents (0.4 s, 40 MB).
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
