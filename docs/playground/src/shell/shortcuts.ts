import { useEffect, useRef } from 'react';

const isMac = /Mac|iPhone|iPad/.test(navigator.userAgent);

/** `mod` is Command on a Mac and Control elsewhere. */
export const shortcuts = {
  newChat: { keys: ['mod', 'shift', 'o'], does: 'New chat' },
  palette: { keys: ['mod', 'k'], does: 'Search chats, pages and actions' },
  search: { keys: ['mod', 'shift', 'f'], does: 'Search the chats in the sidebar' },
  write: { keys: ['/'], does: 'Write a message' },
  stop: { keys: ['mod', '.'], does: 'Stop the answer' },
  details: { keys: ['mod', 'shift', 'e'], does: 'Show the events of the last run' },
  help: { keys: ['?'], does: 'Show the shortcuts' },
} as const satisfies Record<string, { keys: readonly string[]; does: string }>;

export type Shortcut = keyof typeof shortcuts;

/** Key labels for display. */
export const keysOf = (shortcut: Shortcut): string[] =>
  shortcuts[shortcut].keys.map((key) =>
    key === 'mod' ? (isMac ? '⌘' : 'Ctrl') : key === 'shift' ? (isMac ? '⇧' : 'Shift') : key.toUpperCase(),
  );

const isWriting = (target: EventTarget | null) => target instanceof HTMLElement && target.closest('input, textarea, select') !== null;

function fits(event: KeyboardEvent, keys: readonly string[]): boolean {
  const withMod = keys.includes('mod');
  if (withMod !== (isMac ? event.metaKey : event.ctrlKey) || event.altKey) return false;
  // Without `mod`, Shift is ignored: some keyboards need it for `/` and `?`.
  if (withMod && keys.includes('shift') !== event.shiftKey) return false;
  return event.key.toLowerCase() === keys.at(-1) && (withMod || !isWriting(event.target));
}

/** Calls `work` when the shortcut is pressed and no dialog is open. */
export function useShortcut(shortcut: Shortcut, work: () => void) {
  const latest = useRef(work);
  latest.current = work;
  useEffect(() => {
    const { keys } = shortcuts[shortcut];
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented || !fits(event, keys) || document.querySelector('[role="dialog"]')) return;
      event.preventDefault();
      latest.current();
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, [shortcut]);
}
