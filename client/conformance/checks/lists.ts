import type { HttpResponse } from '../call.ts';
import { type CheckContext, note, type Result, sendAndCheck } from '../exchange.ts';
import type { Rule } from '../rules.ts';
import { callOptionsOf, pathOf, type Sample } from '../sample.ts';
import { UncheckedReason } from '../samples/fixtures.ts';
import { resources } from '../samples/resources.ts';
import { keyOf, rowsOf } from './rows.ts';

/** Lists that are not sorted by `created_at`, newest first: the field, or undefined if there is none to compare. */
const sortedBy: Record<string, string | undefined> = { 'threads.list': 'updated_at', 'threads.search': 'updated_at' };
/** Lists whose pages are sorted oldest first. The first page has the newest rows. */
const oldestFirstWithinPage = ['messages.list'];

/** Lists whose rows need a new user or account each, or cannot be deleted. The rows that exist are enough. */
const notFilled =
  /^\/v1\/(admin\/(users|accounts|invite-codes|redemption-codes)|accounts|accounts\/\{account_id\}\/members|subscriptions)$/;

const rowsWanted = 3;
const maxLimit = 200;
const maxPages = 8;

type Problem = { rule: Rule; path: string; answer: HttpResponse; what: string };
type Page = { path: string; answer: HttpResponse; keys: string[] };

/** Walks a paginated list by its links, and compares the pages with one large page. */
export async function checkList(kit: CheckContext, result: Result, sample: Sample) {
  const { route } = result.operation;
  if (!route.metadata.pages) return;
  await checkParameters(kit, result, sample);
  await fill(kit, result, sample);
  let problems = await walk(kit, result, sample);
  // Rows may move meanwhile, such as a thread whose run has ended. What is wrong twice is wrong.
  if (problems.length > 0) problems = await walk(kit, result, sample);
  for (const { rule, path, answer, what } of problems) note(result, rule, path, answer, what);
}

async function checkParameters(kit: CheckContext, result: Result, sample: Sample) {
  const at = (name: string, value: string) => pathOf(result.operation.route, sample.params, { ...sample.query, [name]: value });
  for (const limit of ['0', '201', 'ten']) {
    const answer = await sendAndCheck(kit, result, at('limit', limit), callOptionsOf(sample));
    if (answer.status !== 400) note(result, 'list.limit', at('limit', limit), answer, `expected 400 for limit=${limit}`);
  }
  if (result.operation.route.metadata.pages !== 'cursor') return;
  const path = at('before', 'A'.repeat(40));
  const answer = await sendAndCheck(kit, result, path, callOptionsOf(sample));
  if (answer.status !== 400 || answer.body?.details?.reason !== 'invalid_cursor')
    note(result, 'list.cursor', path, answer, 'expected 400 invalid_cursor for a made-up cursor');
}

/** Creates rows until there are enough for several pages. */
async function fill(kit: CheckContext, { operation: { route } }: Result, sample: Sample) {
  const make = Object.entries(resources).find(
    ([path]) => path.startsWith(`${route.path}/{`) && /^\/\{\w+\}$/.test(path.slice(route.path.length)),
  );
  if (!make || notFilled.test(route.path)) return;
  try {
    for (let tries = 0; tries < rowsWanted; tries++) {
      const { body } = await kit.call('GET', pathOf(route, sample.params, sample.query), callOptionsOf(sample));
      if (rowsOf(body).length >= rowsWanted) return;
      await make[1](kit.maker, sample.params);
    }
  } catch (error) {
    // Fewer rows are checked as well.
    if (!(error instanceof UncheckedReason)) throw error;
  }
}

async function walk(kit: CheckContext, result: Result, sample: Sample): Promise<Problem[]> {
  const { route, id } = result.operation;
  const problems: Problem[] = [];
  const read = async (path: string): Promise<Page> => {
    const answer = await sendAndCheck(kit, result, path, callOptionsOf(sample));
    return { path, answer, keys: rowsOf(answer.body).map(keyOf) };
  };
  const at = (limit: number) => pathOf(route, sample.params, { ...sample.query, limit: String(limit) });
  const whole = await read(at(maxLimit));
  const report = (rule: Rule, { path, answer }: Page, what: string) => void problems.push({ rule, path, answer, what });
  if (whole.answer.status !== 200) return [{ rule: 'request.valid', path: whole.path, answer: whole.answer, what: 'expected 200' }];
  checkOrder(id, whole, report);
  const count = whole.keys.length;
  if (count === 0) return problems;
  const limit = Math.max(1, Math.ceil(count / maxPages));
  const pages = await followLinks(read, at(limit), limit, report);
  comparePages(id, whole, pages, report);
  if (count < maxLimit && whole.answer.headers.has('link'))
    report('list.last-page', whole, `Link on a page of ${count} rows with limit=${maxLimit}`);
  const full = await read(at(count));
  if (count < maxLimit && full.keys.length === count && hasNext(full)) report('list.last-page', full, 'a full last page has a next page');
  return problems;
}

type Report = (rule: Rule, page: Page, what: string) => void;

const hasNext = ({ answer: { headers } }: Page) => headers.has('link') || headers.has('x-next-cursor');

async function followLinks(read: (path: string) => Promise<Page>, first: string, limit: number, report: Report): Promise<Page[]> {
  const pages: Page[] = [];
  let path: string | undefined = first;
  while (path !== undefined && pages.length < maxPages + 2) {
    const page = await read(path);
    pages.push(page);
    if (page.answer.status !== 200) report('list.link', page, 'the link of the page before leads to an error');
    if (page.keys.length > limit) report('list.limit', page, `${page.keys.length} rows with limit=${limit}`);
    path = nextOf(page, report);
    if (path === undefined && page.answer.headers.has('x-next-cursor')) {
      // Go on without the broken link.
      const target = new URL(page.path, 'http://kit');
      target.searchParams.set('before', page.answer.headers.get('x-next-cursor')!);
      path = target.pathname + target.search;
    }
  }
  return pages;
}

/** The path of the next page, from the Link header. */
function nextOf(page: Page, report: Report): string | undefined {
  const link = page.answer.headers.get('link');
  const cursor = page.answer.headers.get('x-next-cursor');
  if (link === null) {
    if (cursor !== null) report('list.link', page, 'X-Next-Cursor without Link');
    return undefined;
  }
  if (cursor === null) report('list.link', page, 'Link without X-Next-Cursor');
  const target = /^<([^<>\s]+)>\s*;\s*rel="?next"?$/.exec(link)?.[1];
  if (target === undefined) return void report('list.link', page, `Link is ${link}, not <…>; rel="next"`);
  const [here, there] = [new URL(page.path, 'http://kit'), new URL(target, new URL(page.path, 'http://kit'))];
  if (there.pathname !== here.pathname) return void report('list.link', page, `Link leads to ${there.pathname}`);
  const inLink = there.searchParams.get('before') ?? there.searchParams.get('cursor');
  if (cursor !== null && inLink !== cursor) report('list.link', page, 'Link and X-Next-Cursor name different cursors');
  const lost = [...here.searchParams].filter(
    ([name, value]) => !['before', 'cursor'].includes(name) && there.searchParams.get(name) !== value,
  );
  if (lost.length > 0) report('list.link', page, `Link does not keep ${lost.map(([name]) => name).join(', ')}`);
  return there.pathname + there.search;
}

/** Compares the pages with the rows of one large page. */
function comparePages(id: string, whole: Page, pages: readonly Page[], report: Report) {
  const last = pages.at(-1)!;
  const walked = (oldestFirstWithinPage.includes(id) ? pages.toReversed() : pages).flatMap(({ keys }) => keys);
  const twice = walked.find((key, at) => walked.indexOf(key) !== at);
  if (twice !== undefined) report('list.duplicate', last, `${twice} is on two pages`);
  const isWhole = !hasNext(last) && !hasNext(whole);
  const missing = isWhole ? whole.keys.filter((key) => !walked.includes(key)) : [];
  const where = pages.find(({ keys }) => keys.length === 0) ?? pages[0]!;
  if (missing.length > 0) {
    const rule = pages.length === 1 ? 'list.link' : 'list.gap';
    report(
      rule,
      where,
      `${missing.length} of ${whole.keys.length} rows are on no page${pages.length === 1 ? ', and the first page has no Link' : ''}`,
    );
  }
  // Rows that were added meanwhile are left out.
  const both = [...new Set(walked)].filter((key) => whole.keys.includes(key));
  const expected = whole.keys.filter((key) => both.includes(key));
  if (both.join() !== expected.join()) report('list.order', pages[0]!, 'the pages have another order than one large page');
}

/** Newest first, unless the list says otherwise. */
function checkOrder(id: string, page: Page, report: Report) {
  const field = id in sortedBy ? sortedBy[id] : 'created_at';
  const times = rowsOf(page.answer.body).map((row) => (field === undefined ? undefined : row?.[field]));
  if (times.some((time) => typeof time !== 'string')) return;
  const sorted = (times as string[]).toSorted();
  const wanted = oldestFirstWithinPage.includes(id) ? sorted : sorted.toReversed();
  if (times.join() !== wanted.join())
    report('list.order', page, `rows are not sorted by ${field}, ${oldestFirstWithinPage.includes(id) ? 'oldest' : 'newest'} first`);
}
