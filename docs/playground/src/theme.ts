import { useSyncExternalStore } from 'react';

export type Theme = 'system' | 'light' | 'dark';

const place = 'arkloop.theme';
const listeners = new Set<() => void>();
let theme = stored();

function stored(): Theme {
  const kept = localStorage.getItem(place);
  return kept === 'light' || kept === 'dark' ? kept : 'system';
}

/** Call before the first paint, to avoid a flash of the other theme. */
export function applyTheme() {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

/** Other tabs follow through the `storage` event. */
export function chooseTheme(next: Theme) {
  localStorage.setItem(place, next);
  applyStoredTheme();
}

function applyStoredTheme() {
  theme = stored();
  applyTheme();
  for (const listener of listeners) listener();
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  window.addEventListener('storage', applyStoredTheme);
  return () => {
    listeners.delete(listener);
    window.removeEventListener('storage', applyStoredTheme);
  };
};

export const useTheme = (): Theme => useSyncExternalStore(subscribe, () => theme);

const systemIsDark = window.matchMedia('(prefers-color-scheme: dark)');

const subscribeToSystem = (listener: () => void) => {
  systemIsDark.addEventListener('change', listener);
  return () => systemIsDark.removeEventListener('change', listener);
};

/** Whether the page is dark now: by choice, or because the system is. */
export function useIsDark(): boolean {
  const chosen = useTheme();
  const system = useSyncExternalStore(subscribeToSystem, () => systemIsDark.matches);
  return chosen === 'system' ? system : chosen === 'dark';
}
