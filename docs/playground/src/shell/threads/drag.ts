import { type DragEvent, useState } from 'react';
import type { Thread } from '../../../../../client/index.ts';
import { messageOf } from '../../components/states.tsx';
import { showToast } from '../../ui/toasts.tsx';
import { moveThreads } from './mutations.ts';

const type = 'application/x-arkloop-thread';

/** The dragged threads. While they are dragged, the browser tells targets only the type. */
let dragged: readonly Thread[] = [];

export function dragThreads(event: DragEvent, threads: readonly Thread[]) {
  dragged = threads;
  event.dataTransfer.effectAllowed = 'move';
  event.dataTransfer.setData(type, threads.map(({ id }) => id).join(','));
}

/** The attributes of a place where threads can be dropped, to move them into a project or, with null, out of one. */
export function useDropTarget(project: { id: string; name: string } | null) {
  const [isOver, setOver] = useState(false);
  const accepts = (event: DragEvent) =>
    event.dataTransfer.types.includes(type) && dragged.some(({ project_id }) => project_id !== (project?.id ?? null));
  return {
    'data-drop': isOver ? '' : undefined,
    onDragOver(event: DragEvent) {
      if (!accepts(event)) return;
      event.preventDefault();
      event.stopPropagation();
      setOver(true);
    },
    onDragLeave(event: DragEvent) {
      if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false);
    },
    onDrop(event: DragEvent) {
      setOver(false);
      if (!accepts(event)) return;
      event.preventDefault();
      event.stopPropagation();
      moveThreads(dragged, project).catch((error: unknown) => showToast(messageOf(error), { tone: 'danger' }));
    },
  };
}
