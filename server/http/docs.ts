import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
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
  const bundle = findReference();
  const page = pageOf(plainListOf(JSON.parse(description) as Description), bundle?.version);
  const packedDescription = lazily(() => promisify(gzip)(description));
  const packed = lazily(async () => promisify(gzip)(await readFile(bundle!.file)));

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
  if (!bundle) return router;
  serve('/docs/start.js', (res) => res.set('cache-control', 'no-cache').type('js').send(startScript));
  serve('/docs/reference.js', async (res, gzipped) => {
    res.set({ 'cache-control': 'public, max-age=31536000, immutable', vary: 'Accept-Encoding' }).type('js');
    if (!gzipped) return res.sendFile(bundle.file, { cacheControl: false, etag: false, lastModified: false, dotfiles: 'allow' });
    res.set('content-encoding', 'gzip').send(await packed());
  });
  return router;
}

/** The bundle of the reference in its package; undefined where the package is not installed. */
function findReference(): { file: string; version: string } | undefined {
  try {
    const entry = import.meta.resolve('@scalar/api-reference');
    const { version } = JSON.parse(readFileSync(new URL('../package.json', entry), 'utf8')) as { version: string };
    return { file: fileURLToPath(new URL('./browser/standalone.js', entry)), version };
  } catch {
    return undefined;
  }
}

function lazily<Value>(make: () => Promise<Value>) {
  let made: Promise<Value> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
