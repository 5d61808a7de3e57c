import { z } from 'zod';
import { defineTool, type Tool, type ToolContext, ToolFailure } from '../tool.ts';
import type { Backends } from './backends.ts';
import { type Hit, type SearchDeps, searchWith } from './searchProviders.ts';
import { line } from './text.ts';
import { VendorFailure } from './vendor.ts';

const query = z.string().trim().min(1).max(1_000);

const SearchInput = z
  .strictObject({
    query: query.optional().describe('What to search for.'),
    queries: z.array(query).min(1).max(5).optional().describe('Several searches at once, instead of `query`.'),
    max_results: z.int().min(1).max(20).default(5).describe('Results for each query.'),
  })
  .refine((input) => (input.query === undefined) !== (input.queries === undefined), 'give either `query` or `queries`');

type Outcome = { hits: Hit[] } | { error_class: 'tool.search_failed' | 'tool.timeout'; status_code?: number };
type Found = { id: string; query_index: number; title: string; url: string; snippet: string };

/** The tool `web_search`. */
export const searchTool = (deps: SearchDeps & { backends: Backends; timeoutMs: number }): Tool =>
  defineTool({
    name: 'web_search',
    group: 'web_search',
    description: 'Search the web. Returns titles, addresses and short excerpts; read a page itself with web_fetch.',
    parallel: true,
    // The tool keeps its own time, which leaves it the chance to tell what it has.
    timeoutMs: deps.timeoutMs + 5_000,
    input: SearchInput,
    async run({ query, queries = [], max_results: limit }, context) {
      const wanted = [...new Set(query === undefined ? queries : [query])];
      const outcomes = await searchAll(deps, wanted, limit, context);
      return { result: report(wanted, outcomes, context.memory) };
    },
  });

async function searchAll(
  { timeoutMs, backends, ...deps }: SearchDeps & { backends: Backends; timeoutMs: number },
  wanted: readonly string[],
  limit: number,
  { run, signal: outer }: ToolContext,
): Promise<Outcome[]> {
  const backend = await backends(run.account_id, 'web_search');
  const late = AbortSignal.timeout(timeoutMs);
  const signal = AbortSignal.any([outer, late]);
  const outcomes = await Promise.all(
    wanted.map((query) =>
      searchWith(deps, backend, { query, limit, signal }).then(
        (hits): Outcome => ({ hits }),
        (error): Outcome => (late.aborted ? { error_class: 'tool.timeout' } : failed(error)),
      ),
    ),
  );
  outer.throwIfAborted();
  return outcomes;
}

function failed(error: unknown): Outcome {
  const status = error instanceof VendorFailure ? error.statusCode : undefined;
  return { error_class: 'tool.search_failed', ...(status !== undefined && { status_code: status }) };
}

/** What the model reads. Throws where no query succeeded. */
function report(queries: readonly string[], outcomes: readonly Outcome[], memory: ToolContext['memory']) {
  const errors = outcomes.flatMap((outcome, query_index) => ('hits' in outcome ? [] : [{ query_index, ...outcome }]));
  if (errors.length === queries.length) {
    const error_class = errors.every((error) => error.error_class === 'tool.timeout') ? 'tool.timeout' : 'tool.search_failed';
    throw new ToolFailure(error_class, 'No search succeeded.', { errors });
  }
  const found = new Map<string, Found>();
  const by_query = outcomes.map((outcome, query_index) => ({
    query_index,
    query: queries[query_index],
    result_ids: 'hits' in outcome ? idsOf(outcome.hits, query_index, found, memory) : [],
  }));
  return {
    results: [...found.values()],
    by_query,
    meta: { query_count: queries.length, succeeded_queries: queries.length - errors.length, failed_queries: errors.length },
    ...(errors.length > 0 && { errors }),
  };
}

/** Adds what a query found to what is known; what was found before keeps its id. */
function idsOf(hits: readonly Hit[], query_index: number, found: Map<string, Found>, memory: ToolContext['memory']): string[] {
  const ids = hits.flatMap(({ title, url, snippet }) => {
    const key = keyOf(url);
    if (key === undefined) return [];
    const known = found.get(key) ?? {
      id: nextId(memory),
      query_index,
      title: line(title, 120),
      url: new URL(url).href,
      snippet: line(snippet, 240),
    };
    found.set(key, known);
    return [known.id];
  });
  return [...new Set(ids)];
}

/** The page that a URL leads to; undefined for what is no page of the web. */
function keyOf(text: string): string | undefined {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol)) return undefined;
  url.hash = '';
  return url.href;
}

const counterName = 'web_search.results';

/** Ids go on from one search of a run to the next, so that an answer can cite them. */
function nextId(memory: ToolContext['memory']): string {
  const next = Number(memory.get(counterName) ?? 0) + 1;
  memory.set(counterName, next);
  return `web:${next}`;
}
