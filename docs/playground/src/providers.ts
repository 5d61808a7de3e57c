import { useQuery } from '@tanstack/react-query';
import type { LlmProvider, Me } from '../../../client/index.ts';
import { isPlatformAdmin } from './me.ts';
import { client } from './session.ts';

export const providersKey = ['llm-providers'];

/** The providers of the account and of the platform, with their models. */
export const providersQuery = { queryKey: providersKey, queryFn: () => client.llmProviders.list(), staleTime: 60_000 };
export const useProviders = () => useQuery(providersQuery);

export const managesProviders = (me: Me, scope: LlmProvider['scope']): boolean =>
  scope === 'platform' ? isPlatformAdmin(me) : me.permissions.includes('data.secrets.manage');
