import { lazy, type RefObject, Suspense, useLayoutEffect, useSyncExternalStore } from 'react';
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

/** Shows the toasts above an element at the bottom of the page while it is there, so that they do not cover its buttons. */
export function useToastsAbove(element: RefObject<HTMLElement | null>): void {
  useLayoutEffect(() => {
    const shown = element.current!;
    const { style } = document.documentElement;
    const place = () => style.setProperty('--toasts-bottom', `${window.innerHeight - shown.getBoundingClientRect().top}px`);
    const observer = new ResizeObserver(place);
    observer.observe(shown);
    window.addEventListener('resize', place);
    return () => {
      observer.disconnect();
      window.removeEventListener('resize', place);
      style.removeProperty('--toasts-bottom');
    };
  }, [element]);
}
