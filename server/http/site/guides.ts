import { createHash } from 'node:crypto';
import { type NextFunction, type RequestHandler, type Response, Router } from 'express';
import { Failure } from '../../platform/failure.ts';
import { type Guide, type Library, llmsFullText, llmsText, rawText, readLibrary, siteHref } from './guideLibrary.ts';
import { guidePage, notFoundPage } from './guidePage.ts';

// No scripts, frames or forms. The icon of the pages is an empty data URL.
const policy = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Serves the guides as HTML at `/docs/guides/…` and as Markdown at `/docs/guides/….md`, and their index also at `/llms.txt`. */
export function guidesRouter(): RequestHandler {
  const library = readLibrary();
  const pages = new Map<string, Promise<string>>();
  const pageOf = (guide: Guide) => {
    const page = pages.get(guide.name) ?? render(guide, library);
    pages.set(guide.name, page);
    return page;
  };

  const router = Router();
  const serve = (path: string, answer: (res: Response, name: string, next: NextFunction) => unknown) =>
    router
      .route(path)
      .get((req, res, next) => answer(res, String(req.params.name), next))
      .all((req) => {
        throw new Failure('wrong_method', `${req.method} is not possible here.`, {}, { allow: 'GET, HEAD' });
      });
  serve('/docs/site.css', (res) => send(res, 'css', library.stylesheet));
  serve('/llms.txt', (res) => send(res, 'text/plain; charset=utf-8', llmsText(library)));
  serve('/llms-full.txt', (res) => send(res, 'text/plain; charset=utf-8', llmsFullText(library)));
  serve('/docs/guides', async (res) => send(res, 'html', await pageOf(library.index)));
  serve('/docs/guides/:name', async (res, name, next) => {
    const raw = name.endsWith('.md');
    const guide = library.guides.get(raw ? name.slice(0, -3) : name);
    if (!guide) return next('route');
    send(res, raw ? 'text/markdown; charset=utf-8' : 'html', raw ? rawText(guide) : await pageOf(guide));
  });
  // Browsers get an HTML page, other clients the usual JSON error.
  return router.get('/docs/{*rest}', (req, res, next) =>
    req.accepts(['json', 'html']) === 'html' ? send(res.status(404), 'html', notFoundPage(library.chapters)) : next(),
  );
}

/** Loads the Markdown renderer on first use. */
async function render(guide: Guide, { chapters, index }: Library): Promise<string> {
  const { renderMarkdown } = await import('./markdown.ts');
  const rendered = renderMarkdown(guide.text, (href) => siteHref(guide.file, href));
  return guidePage(rendered, { path: guide === index ? '/docs/guides' : `/docs/guides/${guide.name}`, chapters });
}

/** Clients may store the text but must revalidate it by its entity tag (RFC 9110 section 8.8.3). */
function send(res: Response, type: string, text: string) {
  const tag = createHash('sha256').update(text).digest('base64url').slice(0, 22);
  res.set({ etag: `"${tag}"`, 'cache-control': 'no-cache', 'x-content-type-options': 'nosniff', 'content-security-policy': policy });
  res.type(type).send(text);
}
