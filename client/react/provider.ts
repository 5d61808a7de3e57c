import { useQueryClient } from '@tanstack/react-query';
import { createContext, createElement, type PropsWithChildren, type ReactNode, useContext, useMemo } from 'react';
import type { Client } from '../index.ts';
import { keepUpWith } from './queries.ts';
import { openRuns, type Runs } from './runs.ts';

/** What the hooks share below one provider. */
type Shared = { readonly client: Client; readonly runs: Runs };

const Context = createContext<Shared | undefined>(undefined);

/** Gives the hooks below it their client. It stands inside a `QueryClientProvider`; keep the client the same between renderings. */
export function ArkloopProvider({ client, children }: PropsWithChildren<{ client: Client }>): ReactNode {
  const queries = useQueryClient();
  const shared = useMemo(() => ({ client, runs: openRuns(client, (event) => keepUpWith(queries, event)) }), [client, queries]);
  return createElement(Context.Provider, { value: shared }, children);
}

/** The client of the provider above, and the runs that are followed below it. Throws an Error without one. */
export function useShared(): Shared {
  const shared = useContext(Context);
  if (!shared) throw new Error('This hook needs an <ArkloopProvider client={…}> above it.');
  return shared;
}

/** The client of the provider above, for calls that have no hook. Throws an Error without one. */
export const useArkloop = (): Client => useShared().client;
