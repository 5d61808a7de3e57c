import { useQuery } from '@tanstack/react-query';
import type { LlmProvider, Me } from '../../../client/index.ts';
import { client } from './session.ts';
import { isPlatformAdmin } from './settings.ts';

/** Where the cache keeps them. */
export const providersKey = ['llm-providers'];

/** The providers that the account can ask, those of the platform among them, with their models. */
export const useProviders = () => useQuery({ queryKey: providersKey, queryFn: () => client.llmProviders.list(), staleTime: 60_000 });

/** Whether somebody may change the providers of a scope. */
export const managesProviders = (me: Me, scope: LlmProvider['scope']): boolean =>
  scope === 'platform' ? isPlatformAdmin(me) : me.permissions.includes('data.secrets.manage');
