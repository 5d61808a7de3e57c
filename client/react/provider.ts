import { useQueryClient } from '@tanstack/react-query';
import { createContext, createElement, type PropsWithChildren, type ReactNode, useContext, useEffect, useMemo } from 'react';
import type { Client } from '../index.ts';
import { applyRunEvent } from './queries.ts';
import { createRunStores, type RunStores } from './runs.ts';
import { createWindows, type Windows } from './windows.ts';

type Shared = { readonly client: Client; readonly runs: RunStores; readonly windows: Windows };

const Context = createContext<Shared | undefined>(undefined);

/** Provides the client to the hooks. Requires a `QueryClientProvider` above it. Pass the same client on every render. */
export function ArkloopProvider({ client, children }: PropsWithChildren<{ client: Client }>): ReactNode {
  const queries = useQueryClient();
  const shared = useMemo(
    () => ({ client, runs: createRunStores(client, (event) => applyRunEvent(queries, event)), windows: createWindows(queries) }),
    [client, queries],
  );
  useEffect(() => shared.windows.listen(), [shared]);
  return createElement(Context.Provider, { value: shared }, children);
}

/** Throws an Error without a provider. */
export function useShared(): Shared {
  const shared = useContext(Context);
  if (!shared) throw new Error('This hook needs an <ArkloopProvider client={…}> above it.');
  return shared;
}

/** Returns the client, for calls without a hook. Throws an Error without a provider. */
export const useArkloop = (): Client => useShared().client;
