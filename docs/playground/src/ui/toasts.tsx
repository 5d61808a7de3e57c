import { lazy, Suspense, useSyncExternalStore } from 'react';
import { hasToasts, hideToast, shownToasts, subscribe } from './internal/toastStore.ts';

export { showToast } from './internal/toastStore.ts';

const ToastList = lazy(() => import('./internal/toastList.tsx'));

/** Renders the toasts. Use it once. Its code is loaded with the first toast. */
export function Toasts() {
  const toasts = useSyncExternalStore(subscribe, shownToasts);
  return hasToasts() ? (
    <Suspense>
      <ToastList toasts={toasts} onClose={hideToast} />
    </Suspense>
  ) : null;
}
