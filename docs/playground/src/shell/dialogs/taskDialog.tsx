import { openTask, type Task } from '../threads/tasks.ts';
import { MoveDialog } from './move.tsx';
import { DeleteProjectDialog, NewProjectDialog, RenameProjectDialog } from './projects.tsx';
import { ReportDialog } from './report.tsx';
import { ShareDialog } from './share.tsx';
import { DeleteDialog, RenameDialog } from './threads.tsx';

/** The dialog of a task. Loaded on first use. */
export default function TaskDialog({ task }: { task: Task }) {
  const onClose = () => openTask(undefined);
  switch (task.kind) {
    case 'rename':
      return <RenameDialog thread={task.thread} onClose={onClose} />;
    case 'share':
      return <ShareDialog thread={task.thread} onClose={onClose} />;
    case 'report':
      return <ReportDialog thread={task.thread} onClose={onClose} />;
    case 'move':
      return <MoveDialog {...task} onClose={onClose} />;
    case 'delete':
      return <DeleteDialog {...task} onClose={onClose} />;
    case 'newProject':
      return <NewProjectDialog onClose={() => openTask(task.next)} />;
    case 'renameProject':
      return <RenameProjectDialog project={task.project} onClose={onClose} />;
    case 'deleteProject':
      return <DeleteProjectDialog project={task.project} onClose={onClose} />;
  }
}
