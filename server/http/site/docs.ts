import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type NextFunction, type Request, type RequestHandler, type Response, Router } from 'express';
import mime from 'mime';
import { Failure } from '../../platform/failure.ts';
import type { App } from '../app.ts';
import { assetNames, readAsset } from './assets.ts';
import { acceptedEncoding, compressedForms, type Encoding } from './compression.ts';
import { llmsFullText, llmsText, rawText, readLibrary } from './pages/guideLibrary.ts';
import { notFoundPage } from './pages/guidePage.ts';
import { createRenderer } from './pages/renderer.ts';
import { areaPath } from './reference/document.ts';
import { documentedUrl } from './reference/samples.ts';

// Only files of this server, no inline scripts or styles. "Try it" and the search send requests to this server only.
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const headersOfPage = {
  'content-security-policy': policy,
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
};

/** A response that is made once, with its tag and its compressed forms. */
type Prepared = { body: Buffer; tag: string; packed(encoding: Encoding): Promise<Buffer> };

function createPages() {
  const library = readLibrary();
  const description = readFileSync(new URL('../../../docs/openapi.json', import.meta.url));
  const { tags } = JSON.parse(description.toString()) as { tags: { name: string }[] };
  const areas = new Set(tags.map(({ name }) => areaPath(name)));
  return { library, description, areas, render: createRenderer() };
}

/** One for all apps of a process, because reading the guides and the document takes 20 ms. */
let pages: ReturnType<typeof createPages> | undefined;

/**
 * Serves the documentation: the guides at `/docs/guides/…` (as Markdown at `….md`, their index also at `/llms.txt`), the reference at `/docs`
 * and `/docs/reference/…`, the entries of the search, and the OpenAPI document. All name the base URL. The pages send no request to another host.
 */
export function docsRouter(baseUrl: App['baseUrl']): RequestHandler {
  pages ??= createPages();
  const { library, description, areas, render } = pages;
  const kept = new Map<string, Promise<Prepared>>();
  let keptFor: string | undefined;
  const once = async (path: string, make: () => Promise<Buffer | string> | Buffer | string) => {
    const url = new URL(await baseUrl()).href.replace(/\/$/, '');
    if (url !== keptFor) kept.clear();
    keptFor = url;
    const made = kept.get(path) ?? Promise.resolve(make()).then((content) => prepare(content, url));
    kept.set(path, made);
    // A page that could not be rendered is tried again.
    made.catch(() => kept.delete(path));
    return await made;
  };
  const page = (path: string) => once(path, () => render(path));

  const routes = Router();
  const serve = (path: string, answer: (req: Request, res: Response, next: NextFunction) => unknown) =>
    routes
      .route(path)
      .get(answer)
      .all((req) => {
        throw new Failure('wrong_method', `${req.method} is not possible here.`, {}, { allow: 'GET, HEAD' });
      });
  const text = (path: string, type: string, make: () => Buffer | string) =>
    serve(path, async (req, res) => send(req, res, type, await once(path, make)));

  // Without the white space of the file, which is 6 % of its compressed form.
  text('/openapi.json', 'json', () => JSON.stringify(JSON.parse(description.toString())));
  text('/llms.txt', 'text/plain; charset=utf-8', () => llmsText(library));
  text('/llms-full.txt', 'text/plain; charset=utf-8', () => llmsFullText(library));
  for (const path of ['/docs', '/docs/guides']) serve(path, async (req, res) => send(req, res, 'html', await page(path)));
  serve('/docs/search.json', async (req, res) => send(req, res, 'json', await page('/docs/search.json')));
  serve('/docs/assets/:name', async (req, res, next) => {
    const name = String(req.params.name);
    if (!assetNames.includes(name)) return next('route');
    const file = await once(req.path, () => readAsset(name));
    // The pages link to an asset with the hash of its content. The fonts are those of a pinned package.
    const isKept = req.query.v !== undefined || name.endsWith('.woff2');
    await send(req, res, mime.getType(name)!, file, isKept ? 'public, max-age=31536000, immutable' : 'no-cache');
  });
  serve('/docs/reference/:area', async (req, res, next) =>
    areas.has(req.path) ? send(req, res, 'html', await page(req.path)) : next('route'),
  );
  serve('/docs/guides/:name', async (req, res, next) => {
    const name = String(req.params.name);
    const isRaw = name.endsWith('.md');
    const guide = library.guides.get(isRaw ? name.slice(0, -3) : name);
    if (!guide) return next('route');
    if (isRaw) await send(req, res, 'text/markdown; charset=utf-8', await once(req.path, () => rawText(guide)));
    else await send(req, res, 'html', await page(`/docs/guides/${name}`));
  });
  // Browsers get an HTML page, other clients the usual JSON error.
  return routes.get('/docs/{*rest}', async (req, res, next) =>
    req.accepts(['json', 'html']) === 'html'
      ? send(req, res.status(404), 'html', await once('404', () => notFoundPage(library.chapters)))
      : next(),
  );
}

function prepare(content: Buffer | string, baseUrl: string): Prepared {
  const body = typeof content === 'string' ? Buffer.from(content.replaceAll(documentedUrl, baseUrl)) : content;
  const tag = createHash('sha256').update(body).digest('base64url').slice(0, 22);
  return { body, tag, packed: compressedForms(body) };
}

/** Clients may store the text but must revalidate it by its entity tag (RFC 9110 section 8.8.3), which is the same for all encodings. */
async function send(req: Request, res: Response, type: string, { body, tag, packed }: Prepared, caching = 'no-cache') {
  res
    .set({ 'cache-control': caching, 'x-content-type-options': 'nosniff', ...headersOfPage })
    .type(type)
    .vary('Accept-Encoding');
  const encoding = type.startsWith('font/') ? undefined : acceptedEncoding(req);
  res.set('etag', `W/"${tag}"`);
  if (encoding) res.set('content-encoding', encoding).send(await packed(encoding));
  else res.send(body);
}
