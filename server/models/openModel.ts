import { openAnthropic } from './anthropic/anthropic.ts';
import { withBoundedUsage } from './boundedUsage.ts';
import { openGemini } from './gemini/gemini.ts';
import type { Model } from './model.ts';
import { withMetrics } from './modelMetrics.ts';
import { openOpenAi } from './openai/openAi.ts';
import type { ProviderDeps, ResolvedRoute } from './route.ts';
import { openStub } from './stub.ts';

export type { ProviderDeps, ResolvedRoute } from './route.ts';

/** Opens the model of a route. Each call makes one request and never retries: see `streamWithRetry`. */
export const openModel = (route: ResolvedRoute, deps: ProviderDeps): Model =>
  withMetrics(route, withBoundedUsage(route, open(route, deps)));

function open(route: ResolvedRoute, deps: ProviderDeps): Model {
  switch (route.provider_kind) {
    case 'openai':
      return openOpenAi(route, deps);
    case 'anthropic':
      return openAnthropic(route, deps);
    case 'gemini':
      return openGemini(route, deps);
    case 'stub':
      return openStub(route);
  }
}
