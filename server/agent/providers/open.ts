import type { Model } from '../model.ts';
import { openAnthropic } from './anthropic.ts';
import { observed } from './observed.ts';
import { openOpenAi } from './openAi.ts';
import type { ProviderDeps, ResolvedRoute } from './route.ts';
import { openStub } from './stub.ts';

export type { ProviderDeps, ResolvedRoute } from './route.ts';

/** The model at the end of a route. It makes one request per answer and never repeats one: see `streamWithRetry`. */
export const openModel = (route: ResolvedRoute, deps: ProviderDeps): Model => observed(route, open(route, deps));

function open(route: ResolvedRoute, deps: ProviderDeps): Model {
  switch (route.provider_kind) {
    case 'openai':
      return openOpenAi(route, deps);
    case 'anthropic':
      return openAnthropic(route, deps);
    case 'stub':
      return openStub(route);
  }
}
