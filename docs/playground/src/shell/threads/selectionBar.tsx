import { Button, IconButton } from '../../ui/buttons.tsx';
import { useThreadList } from './list.ts';
import { countOf, setArchived } from './mutations.ts';
import { useSelection } from './selection.ts';
import { openTask } from './tasks.ts';

/** The actions on the selected threads. */
export function SelectionBar() {
  const { selected, set, end } = useSelection();
  const loaded = useThreadList().data ?? [];
  if (!selected) return null;
  const threads = [...selected.values()];
  const areArchived = threads.length > 0 && threads.every(({ archived_at }) => archived_at);
  const isAll = loaded.length > 0 && loaded.every(({ id }) => selected.has(id));
  return (
    <div className="selection-bar" role="toolbar" aria-label="Selected chats">
      <div>
        <output>{threads.length === 0 ? 'None selected' : `${countOf(threads)} selected`}</output>
        <Button small kind="ghost" onClick={() => set(isAll ? [] : loaded)}>
          {isAll ? 'None' : 'All'}
        </Button>
        <IconButton small label="End the selection" icon="close" onClick={end} />
      </div>
      <div>
        <Button wide small disabled={threads.length === 0} onClick={() => openTask({ kind: 'move', threads, onDone: end })}>
          Move
        </Button>
        <Button
          wide
          small
          disabled={threads.length === 0}
          onClick={() => {
            end();
            void setArchived(threads, !areArchived);
          }}
        >
          {areArchived ? 'Unarchive' : 'Archive'}
        </Button>
        <Button wide small disabled={threads.length === 0} onClick={() => openTask({ kind: 'delete', threads, onDone: end })}>
          Delete
        </Button>
      </div>
    </div>
  );
}
