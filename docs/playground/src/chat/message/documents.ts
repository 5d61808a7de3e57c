import { useSyncExternalStore } from 'react';

/** A text or file that is shown beside the chat. `bytes` is set for a file that is no text. */
export type OpenDocument = { readonly name: string; readonly text: string; readonly bytes?: Uint8Array<ArrayBuffer> | undefined };

let current: OpenDocument | undefined;
let panels = 0;
const listeners = new Set<() => void>();

const notify = () => {
  for (const listener of listeners) listener();
};
const show = (next: OpenDocument | undefined) => {
  current = next;
  notify();
};

/** Call when a panel is mounted, and the returned function when it is removed. Its document closes with it: another thread has other documents. */
export function addPanel() {
  panels++;
  notify();
  return () => {
    panels--;
    closeDocument();
  };
}

/** Shows a document in the panel beside the chat, in place of the one before. */
export const openDocument = (document: OpenDocument) => show(document);
export const closeDocument = () => show(undefined);

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => void listeners.delete(listener);
};

/** False on pages without a panel, such as shared threads. */
export const useCanOpen = (): boolean => useSyncExternalStore(subscribe, () => panels > 0);

export const useOpenDocument = (): OpenDocument | undefined => useSyncExternalStore(subscribe, () => current);

/** Decodes base64. Throws if it is invalid. */
export const bytesOf = (base64: string) => Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
