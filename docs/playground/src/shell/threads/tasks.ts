import { useSyncExternalStore } from 'react';
import type { Project, Thread } from '../../../../../client/index.ts';

/** A dialog about threads or projects. */
export type Task =
  | { kind: 'rename' | 'share' | 'report'; thread: Thread }
  | { kind: 'move' | 'delete'; threads: readonly Thread[]; onDone?: () => void }
  | { kind: 'newProject'; /** Opened afterwards. */ next?: Task }
  | { kind: 'renameProject' | 'deleteProject'; project: Project };

let open: Task | undefined;
const listeners = new Set<() => void>();

/** Opens a dialog; undefined closes it. Rows, the header of a thread and the palette share the dialogs. */
export function openTask(task: Task | undefined) {
  open = task;
  for (const listener of listeners) listener();
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => void listeners.delete(listener);
};

export const useTask = (): Task | undefined => useSyncExternalStore(subscribe, () => open);
