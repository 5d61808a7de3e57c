import { useEffect, useRef } from 'react';

const isMac = /Mac|iPhone|iPad/.test(navigator.userAgent);

/** Every shortcut of the playground: `mod` is Command on a Mac and Control elsewhere. */
export const shortcuts = {
  newChat: { keys: ['mod', 'shift', 'o'], does: 'New chat' },
  search: { keys: ['mod', 'k'], does: 'Search the threads' },
  write: { keys: ['/'], does: 'Write a message' },
  stop: { keys: ['mod', '.'], does: 'Stop the answer' },
  details: { keys: ['mod', 'shift', 'e'], does: 'Show the events of the last run' },
  help: { keys: ['?'], does: 'Show the shortcuts' },
} as const satisfies Record<string, { keys: readonly string[]; does: string }>;

export type Shortcut = keyof typeof shortcuts;

/** The keys as they are written on a keyboard. */
export const keysOf = (shortcut: Shortcut): string[] =>
  shortcuts[shortcut].keys.map((key) =>
    key === 'mod' ? (isMac ? '⌘' : 'Ctrl') : key === 'shift' ? (isMac ? '⇧' : 'Shift') : key.toUpperCase(),
  );

const isWriting = (target: EventTarget | null) => target instanceof HTMLElement && target.closest('input, textarea, select') !== null;

function fits(event: KeyboardEvent, keys: readonly string[]): boolean {
  const withMod = keys.includes('mod');
  if (withMod !== (isMac ? event.metaKey : event.ctrlKey) || event.altKey) return false;
  // A sign that needs Shift on some keyboards is one whether Shift was held or not.
  if (withMod && keys.includes('shift') !== event.shiftKey) return false;
  return event.key.toLowerCase() === keys.at(-1) && (withMod || !isWriting(event.target));
}

/** Calls `work` when the keys of a shortcut are pressed and no window is open over the page. */
export function useShortcut(shortcut: Shortcut, work: () => void) {
  const latest = useRef(work);
  latest.current = work;
  useEffect(() => {
    const { keys } = shortcuts[shortcut];
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented || !fits(event, keys) || document.querySelector('dialog[open]')) return;
      event.preventDefault();
      latest.current();
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, [shortcut]);
}
