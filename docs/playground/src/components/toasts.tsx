import { useSyncExternalStore } from 'react';

type Toast = { id: number; text: string };

let shown: readonly Toast[] = [];
let count = 0;
const listeners = new Set<() => void>();

const show = (next: readonly Toast[]) => {
  shown = next;
  for (const listener of listeners) listener();
};

/** Shows a toast for 3 seconds: `say('Saved')`. */
export function showToast(text: string) {
  const toast = { id: ++count, text };
  show([...shown, toast]);
  setTimeout(() => show(shown.filter((each) => each !== toast)), 3_000);
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => void listeners.delete(listener);
};

/** Renders the toasts. Use it once. */
export const Toasts = () => (
  <output className="toasts">
    {useSyncExternalStore(subscribe, () => shown).map(({ id, text }) => (
      <span key={id}>{text}</span>
    ))}
  </output>
);
