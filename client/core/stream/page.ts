type Listening = Pick<EventTarget, 'addEventListener' | 'removeEventListener'>;

/** A worker has no document; Node.js and React Native have neither. */
const page = () =>
  globalThis as { navigator?: { onLine?: boolean }; document?: Listening & { visibilityState: string } } & Partial<Listening>;

/** Whether the browser knows of no network. Other runtimes do not say. */
export const isOffline = (): boolean => page().navigator?.onLine === false;

/** Whether a person can see the page. Always true where there is none. */
export const isShown = (): boolean => page().document?.visibilityState !== 'hidden';

/** Calls `listener` when the network is back. Returns a function that ends this. */
export function onOnline(listener: () => void): () => void {
  page().addEventListener?.('online', listener);
  return () => page().removeEventListener?.('online', listener);
}

/** Calls `listener` when the page is hidden or shown. Returns a function that ends this. */
export function onVisibility(listener: () => void): () => void {
  const { document } = page();
  document?.addEventListener('visibilitychange', listener);
  return () => document?.removeEventListener('visibilitychange', listener);
}
