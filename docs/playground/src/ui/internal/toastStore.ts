export type Toast = {
  id: number;
  text: string;
  tone?: 'good' | 'danger';
  /** A button, such as Undo. */
  action?: { label: string; onSelect: () => void };
};

let shown: readonly Toast[] = [];
let count = 0;
const listeners = new Set<() => void>();

const show = (next: readonly Toast[]) => {
  shown = next;
  for (const listener of listeners) listener();
};

/** Shows a message for some seconds: `showToast('Saved')`. Errors of a form belong beside its fields instead. */
export function showToast(text: string, options: Omit<Toast, 'id' | 'text'> = {}) {
  show([...shown, { ...options, id: ++count, text }]);
}

export const hideToast = (id: number) => show(shown.filter((toast) => toast.id !== id));

export const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => void listeners.delete(listener);
};

export const shownToasts = () => shown;

/** Whether there was a toast since the page was loaded. */
export const hasToasts = () => count > 0;
