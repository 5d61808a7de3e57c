import { useSyncExternalStore } from 'react';

/** What the page looks like: as the system does, or as chosen. */
export type Theme = 'system' | 'light' | 'dark';

const place = 'arkloop.theme';
const listeners = new Set<() => void>();
let theme = stored();

function stored(): Theme {
  const kept = localStorage.getItem(place);
  return kept === 'light' || kept === 'dark' ? kept : 'system';
}

/** Puts the choice on the page; before the first paint, so that nothing flashes. */
export function applyTheme() {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

/** Chooses, here and in the other windows of this page. */
export function chooseTheme(next: Theme) {
  localStorage.setItem(place, next);
  adopt();
}

function adopt() {
  theme = stored();
  applyTheme();
  for (const listener of listeners) listener();
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  window.addEventListener('storage', adopt);
  return () => {
    listeners.delete(listener);
    window.removeEventListener('storage', adopt);
  };
};

/** The choice, as it changes. */
export const useTheme = (): Theme => useSyncExternalStore(subscribe, () => theme);
