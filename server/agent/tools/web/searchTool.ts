import { z } from 'zod';
import { defineTool, type Tool, type ToolContext, ToolFailure } from '../tool.ts';
import type { Backends } from './backends.ts';
import type { SearchHit } from './pageReader.ts';
import { type SearchDeps, searchWith } from './searchProviders.ts';
import { singleLine } from './text.ts';
import { VendorFailure } from './vendor.ts';

const query = z.string().trim().min(1).max(1_000);

const SearchInput = z
  .strictObject({
    query: query.optional().describe('What to search for.'),
    queries: z.array(query).min(1).max(5).optional().describe('Several searches at once, instead of `query`.'),
    max_results: z.int().min(1).max(20).default(5).describe('Results for each query.'),
  })
  .refine((input) => (input.query === undefined) !== (input.queries === undefined), 'give either `query` or `queries`');

type QueryOutcome = { hits: SearchHit[] } | { error_class: 'tool.search_failed' | 'tool.timeout'; status_code?: number };
type Found = { id: string; query_index: number; title: string; url: string; snippet: string };

export const searchTool = (deps: SearchDeps & { backends: Backends; timeoutMs: number }): Tool =>
  defineTool({
    name: 'web_search',
    group: 'web_search',
    description: 'Search the web. Returns titles, addresses and short excerpts; read a page itself with web_fetch.',
    parallel: true,
    // Longer than the tool's own limit, so that it can return partial results.
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
): Promise<QueryOutcome[]> {
  const backend = await backends(run.account_id, 'web_search');
  const late = AbortSignal.timeout(timeoutMs);
  const signal = AbortSignal.any([outer, late]);
  const outcomes = await Promise.all(
    wanted.map((query) =>
      searchWith(deps, backend, { query, limit, signal }).then(
        (hits): QueryOutcome => ({ hits }),
        (error): QueryOutcome => (late.aborted ? { error_class: 'tool.timeout' } : failed(error)),
      ),
    ),
  );
  outer.throwIfAborted();
  return outcomes;
}

function failed(error: unknown): QueryOutcome {
  const status = error instanceof VendorFailure ? error.statusCode : undefined;
  return { error_class: 'tool.search_failed', ...(status !== undefined && { status_code: status }) };
}

/** The result for the model. Throws if no query succeeded. */
function report(queries: readonly string[], outcomes: readonly QueryOutcome[], memory: ToolContext['memory']) {
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

/** Adds the hits of a query to `found`. A URL found before keeps its id. */
function idsOf(hits: readonly SearchHit[], query_index: number, found: Map<string, Found>, memory: ToolContext['memory']): string[] {
  const ids = hits.flatMap(({ title, url, snippet }) => {
    const key = keyOf(url);
    if (key === undefined) return [];
    const known = found.get(key) ?? {
      id: nextId(memory),
      query_index,
      title: singleLine(title, 120),
      url: new URL(url).href,
      snippet: singleLine(snippet, 240),
    };
    found.set(key, known);
    return [known.id];
  });
  return [...new Set(ids)];
}

/** Identifies a page by its URL without fragment. Undefined unless the URL is http or https. */
function keyOf(text: string): string | undefined {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol)) return undefined;
  url.hash = '';
  return url.href;
}

const counterName = 'web_search.results';

/** Ids increase over all searches of a run, so that an answer can cite them. */
function nextId(memory: ToolContext['memory']): string {
  const next = Number(memory.get(counterName) ?? 0) + 1;
  memory.set(counterName, next);
  return `web:${next}`;
}
