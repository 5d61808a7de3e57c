import { createContext, useContext, useMemo, useState } from 'react';
import type { Thread } from '../../../../../client/index.ts';

/** Selected threads, for actions on several of them. */
export type Selection = {
  /** Undefined: rows are links and have no checkboxes. */
  selected: ReadonlyMap<string, Thread> | undefined;
  begin(thread?: Thread): void;
  toggle(thread: Thread): void;
  set(threads: readonly Thread[]): void;
  end(): void;
};

const none: Selection = { selected: undefined, begin() {}, toggle() {}, set() {}, end() {} };

export const SelectionContext = createContext<Selection>(none);
export const useSelection = (): Selection => useContext(SelectionContext);

const mapOf = (threads: readonly Thread[]) => new Map(threads.map((thread) => [thread.id, thread]));

export function useNewSelection(): Selection {
  const [selected, setSelected] = useState<ReadonlyMap<string, Thread>>();
  return useMemo(
    () => ({
      selected,
      begin: (thread) => setSelected(mapOf(thread ? [thread] : [])),
      toggle: (thread) =>
        setSelected((before) => {
          const after = new Map(before);
          if (!after.delete(thread.id)) after.set(thread.id, thread);
          return after;
        }),
      set: (threads) => setSelected(mapOf(threads)),
      end: () => setSelected(undefined),
    }),
    [selected],
  );
}
