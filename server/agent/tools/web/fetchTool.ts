import { z } from 'zod';
import { OutboundDenied } from '../../../platform/outbound/outbound.ts';
import { defineTool, type Tool, type ToolContext, ToolFailure } from '../tool.ts';
import type { Backends } from './backends.ts';
import { type FetchedPage, withoutFragment } from './fetchPage.ts';
import { type FetchDeps, fetchWith } from './fetchProviders.ts';
import { singleLine, truncate, withoutUnstorable } from './text.ts';
import { VendorFailure } from './vendor.ts';

const FetchInput = z.strictObject({
  url: z.string().trim().min(1).max(8_192).describe('Absolute http or https URL.'),
  max_length: z.int().min(1).max(200_000).default(50_000).describe('Most characters of content.'),
});

type Deps = FetchDeps & { backends: Backends; timeoutMs: number };

export const fetchTool = (deps: Deps): Tool =>
  defineTool({
    name: 'web_fetch',
    group: 'web_fetch',
    description: 'Read a page of the web as text.',
    parallel: true,
    timeoutMs: deps.timeoutMs + 5_000,
    input: FetchInput,
    run: async ({ url, max_length }, context) => ({ result: publish(await read(deps, withoutFragment(url), context), max_length) }),
  });

async function read(deps: Deps, url: string, { run, signal: outer }: ToolContext): Promise<FetchedPage> {
  checkForm(deps, url);
  const backend = await deps.backends(run.account_id, 'web_fetch');
  const late = AbortSignal.timeout(deps.timeoutMs);
  const signal = AbortSignal.any([outer, late]);
  try {
    // Check the address even if a provider fetches it: do not rely on the provider's checks.
    await raceWithAbort(signal, deps.outbound.resolveAndCheck(url, 'web'));
    return await fetchWith(deps, backend, url, signal);
  } catch (error) {
    outer.throwIfAborted();
    throw late.aborted ? new ToolFailure('tool.timeout', 'The page took too long.') : failureOf(error);
  }
}

function checkForm({ outbound }: Deps, url: string) {
  try {
    outbound.check(url, 'web');
  } catch (error) {
    throw failureOf(error);
  }
}

/** Stops waiting when the signal is aborted. DNS resolution itself cannot be canceled. */
function raceWithAbort<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const leave = () => reject(signal.reason);
  signal.addEventListener('abort', leave);
  return Promise.race([work, promise]).finally(() => signal.removeEventListener('abort', leave));
}

/** Hides why a connection failed: it would reveal which ports are open. */
function failureOf(error: unknown): ToolFailure {
  if (error instanceof ToolFailure) return error;
  if (error instanceof OutboundDenied) return new ToolFailure('tool.url_denied', error.message, { reason: error.reason });
  const status = error instanceof VendorFailure ? error.statusCode : undefined;
  return new ToolFailure('tool.fetch_failed', 'The page could not be fetched.', status === undefined ? undefined : { status_code: status });
}

function publish({ url, title, text, cut }: FetchedPage, most: number) {
  const { text: content, truncated } = truncate(withoutUnstorable(text), most);
  return { url, title: singleLine(title, 512), content, truncated: truncated || cut };
}
