/** Reasons by signal. React Native's `AbortSignal` has neither `reason` nor `throwIfAborted`. */
const reasons = new WeakMap<AbortSignal, unknown>();

export function abortWith(controller: AbortController, reason: unknown) {
  if (controller.signal.aborted) return;
  reasons.set(controller.signal, reason);
  controller.abort(reason);
}

/** Why a signal was aborted. */
export const abortReason = (signal: AbortSignal): unknown =>
  reasons.get(signal) ?? signal.reason ?? Object.assign(new Error('The operation was aborted.'), { name: 'AbortError' });

/** Aborts `controller` together with `signal`. Returns a function that ends this. */
export function forwardAbort(signal: AbortSignal | undefined, controller: AbortController): () => void {
  if (!signal) return () => {};
  const forward = () => abortWith(controller, abortReason(signal));
  if (signal.aborted) forward();
  signal.addEventListener('abort', forward, { once: true });
  return () => signal.removeEventListener('abort', forward);
}
