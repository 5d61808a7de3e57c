import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Request, RequestHandler, Response } from 'express';
import mime from 'mime';
import { Failure } from '../../platform/failure.ts';
import { acceptedEncoding, compressedForms, type Encoding } from './compression.ts';
import { framePage, framePath, headersOfFrame } from './framePage.ts';
import { plainPage } from './playgroundPage.ts';
import { type FindPreview, previewOf, withPreview } from './sharePreview.ts';

const built = fileURLToPath(new URL('../../../docs/playground/dist/', import.meta.url));

/** Hash of the one style element of the page: Radix Select hides the scroll bar of its list with it. */
const selectStyle = "'sha256-441zG27rExd4/il+NvIqyL8zFx5XmyNQtE381kSkUJk='";

// Only files and requests of this server. Images in messages are blob URLs.
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  `style-src-elem 'self' ${selectStyle}`,
  "img-src 'self' blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "frame-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const headersOfPage = {
  'content-security-policy': policy,
  'cache-control': 'no-cache',
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  // Over HTTP, a browser would look up the hosts of links in messages.
  'x-dns-prefetch-control': 'off',
};

/** A worker runs under the policy of its own file. */
const scriptPolicy = "default-src 'none'; script-src 'self'";

/** Paths of the API and its other pages. The playground page is never served there. */
const apiPaths = /^\/(v1|docs|assets|healthz|readyz|openapi\.json)(\/|$)/;

/** False if `/` serves only the plain page. */
export const isPlaygroundBuilt = () => existsSync(join(built, 'index.html'));

/** A file to serve. `packed` compresses it once and keeps the result. */
type File = { type: string; bytes: Buffer; packed(encoding: Encoding): Promise<Buffer> };

/**
 * Serves the playground page at `/` and at every path that a browser navigates to, and its assets. If the playground is not built, `/`
 * serves a plain page with a link to the reference. The page of a public share has a preview for other sites.
 */
export function playgroundRouter(folder: string = built, findPreview?: FindPreview): RequestHandler {
  const { page, files } = buildIn(folder);
  const frame = fileOf('frame.html', Buffer.from(framePage));
  return (req, res, next) => {
    const file = req.path.startsWith('/assets/') ? files.get(req.path.slice('/assets/'.length)) : undefined;
    if (!file && req.path !== framePath && !isPageRequest(req, page.isBuilt)) return next();
    if (req.method !== 'GET' && req.method !== 'HEAD')
      throw new Failure('wrong_method', `${req.method} is not possible here.`, {}, { allow: 'GET, HEAD' });
    res.set('x-content-type-options', 'nosniff');
    if (file) res.set({ 'cache-control': 'public, max-age=31536000, immutable', 'content-security-policy': scriptPolicy });
    else if (req.path === framePath) res.set(headersOfFrame);
    else res.set(headersOfPage).vary('Accept');
    const found = file ?? (req.path === framePath ? frame : undefined);
    (found ? send(req, res, found) : sendPage(req, res, page, findPreview)).catch(next);
  };
}

/** True for `/`, and for other paths if a browser navigates there and the path does not look like a file. */
function isPageRequest(req: Request, isBuilt: boolean): boolean {
  if (req.path === '/') return true;
  const asksForPage = (req.method === 'GET' || req.method === 'HEAD') && req.headers.accept?.includes('text/html') === true;
  return isBuilt && asksForPage && !apiPaths.test(req.path) && !/\.\w+$/.test(req.path);
}

async function sendPage(req: Request, res: Response, page: File, findPreview: FindPreview | undefined) {
  const preview = await previewOf(req.path, findPreview);
  if (!preview) return send(req, res, page);
  res.set('x-robots-tag', 'noindex');
  return send(req, res, fileOf('index.html', withPreview(page.bytes, preview)));
}

async function send(req: Request, res: Response, { type, bytes, packed }: File) {
  res.set('content-type', type).vary('Accept-Encoding');
  const encoding = acceptedEncoding(req);
  if (!encoding) return void res.send(bytes);
  res.set('content-encoding', encoding).send(await packed(encoding));
}

function pageOf(folder: string): File & { isBuilt: boolean } {
  const path = join(folder, 'index.html');
  const isBuilt = existsSync(path);
  return { ...fileOf('index.html', isBuilt ? readFileSync(path) : Buffer.from(plainPage)), isBuilt };
}

type Build = { page: ReturnType<typeof pageOf>; files: ReadonlyMap<string, File> };

const builds = new Map<string, Build>();

/** One for all apps of a process that serve the same page: its 200 files take 15 ms to read, and 8 MB. The page names them by the hashes of their contents. */
function buildIn(folder: string): Build {
  const page = pageOf(folder);
  const known = builds.get(folder);
  if (known?.page.bytes.equals(page.bytes)) return known;
  const build = { page, files: filesOf(join(folder, 'assets')) };
  builds.set(folder, build);
  return build;
}

/** Kept in memory, so that a rebuild of the playground does not remove files that are in use. */
const filesOf = (folder: string): ReadonlyMap<string, File> =>
  new Map(existsSync(folder) ? readdirSync(folder).map((name) => [name, fileOf(name, readFileSync(join(folder, name)))]) : []);

function fileOf(name: string, bytes: Buffer): File {
  const type = mime.getType(name) ?? 'application/octet-stream';
  return { type: /^text\/|javascript/.test(type) ? `${type}; charset=utf-8` : type, bytes, packed: compressedForms(bytes) };
}
