import { parentPort, workerData } from 'node:worker_threads';
import { Readability } from '@mozilla/readability';
import { parseHTML } from 'linkedom';
import type { PageJob, ReadPage, SearchHit } from './pageReader.ts';
import { readableText } from './readableText.ts';

/** A shorter article is more likely a misdetected menu. */
const minArticleChars = 200;

const documentOf = (html: string) => parseHTML(/<html[\s>]/i.test(html) ? html : `<html><body>${html}</body></html>`).document;

/** The whole visible text, used if no article is found in time. */
const wholeOf = (document: Document): ReadPage => ({
  title: document.querySelector('title')?.textContent ?? '',
  // Pages may omit `body`, and the parser does not add it.
  text: readableText(document.documentElement),
});

/** Modifies the document. */
function articleOf(document: Document, whole: ReadPage): ReadPage {
  try {
    const article = new Readability(document, { serializer: (element) => element as Element }).parse();
    const text = article?.content ? readableText(article.content) : '';
    return text.length < minArticleChars ? whole : { title: article?.title || whole.title, text };
  } catch {
    return whole;
  }
}

/** The results of DuckDuckGo without ads. Its links are redirects with the target in `uddg`. */
function readResults(html: string): SearchHit[] {
  const results = [...documentOf(html).querySelectorAll('.result:not(.result--ad)')];
  return results.flatMap((result) => {
    const link = result.querySelector('a.result__a');
    const url = URL.parse(link?.getAttribute('href') ?? '', 'https://duckduckgo.com');
    if (!link || !url) return [];
    const snippet = result.querySelector('.result__snippet')?.textContent ?? '';
    return [{ title: link.textContent ?? '', url: url.searchParams.get('uddg') ?? url.href, snippet }];
  });
}

const { kind, html } = workerData as PageJob;
if (kind === 'results') parentPort?.postMessage(readResults(html));
else {
  const document = documentOf(html);
  const whole = wholeOf(document);
  parentPort?.postMessage(whole);
  parentPort?.postMessage(articleOf(document, whole));
}
