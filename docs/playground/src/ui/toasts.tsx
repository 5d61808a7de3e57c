import { lazy, Suspense, useSyncExternalStore } from 'react';
import type { Toast } from './internal/toastList.tsx';

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

const hide = (id: number) => show(shown.filter((toast) => toast.id !== id));

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => void listeners.delete(listener);
};

const ToastList = lazy(() => import('./internal/toastList.tsx'));

/** Renders the toasts. Use it once. Its code is loaded with the first toast. */
export function Toasts() {
  const toasts = useSyncExternalStore(subscribe, () => shown);
  return count === 0 ? null : (
    <Suspense>
      <ToastList toasts={toasts} onClose={hide} />
    </Suspense>
  );
}
