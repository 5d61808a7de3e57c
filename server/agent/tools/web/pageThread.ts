import { parentPort, workerData } from 'node:worker_threads';
import { Readability } from '@mozilla/readability';
import { parseHTML } from 'linkedom';
import type { PageJob, ReadPage } from './pageReader.ts';
import { readableText } from './readableText.ts';
import type { Hit } from './searchProviders.ts';

/** Less than this is rather a menu that was taken for the article. */
const leastArticle = 200;

const documentOf = (html: string) => parseHTML(/<html[\s>]/i.test(html) ? html : `<html><body>${html}</body></html>`).document;

/** All that a page shows: what is left where no article is found, or not in time. */
const wholeOf = (document: Document): ReadPage => ({
  title: document.querySelector('title')?.textContent ?? '',
  // Pages leave out `body`, and the parser does not put it in.
  text: readableText(document.documentElement),
});

/** What a page is about. Takes apart the document. */
function articleOf(document: Document, whole: ReadPage): ReadPage {
  try {
    const article = new Readability(document, { serializer: (element) => element as Element }).parse();
    const text = article?.content ? readableText(article.content) : '';
    return text.length < leastArticle ? whole : { title: article?.title || whole.title, text };
  } catch {
    return whole;
  }
}

/** The results of DuckDuckGo without those that are paid for. Their links lead over its own address, which has the real one as `uddg`. */
function readResults(html: string): Hit[] {
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
