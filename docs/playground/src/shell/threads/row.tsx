import { type DragEvent, type KeyboardEvent, memo, useState } from 'react';
import { Link, useRoute } from 'wouter';
import type { Thread } from '../../../../../client/index.ts';
import { useMe } from '../../me.ts';
import { MenuItem, MenuSeparator, RowMenu } from '../../ui/menu.tsx';
import { dragThreads } from './drag.ts';
import { Highlighted } from './highlighted.tsx';
import { titleOf, useStarred } from './list.ts';
import { forkThread, setArchived, setStarred, useRename } from './mutations.ts';
import { useSelection } from './selection.ts';
import { snippetText } from './snippet.ts';
import { openTask } from './tasks.ts';

type RowProps = {
  thread: Thread;
  /** Text of a search to mark, and where it was found. */ found?: { wanted: string; snippet: string | null };
};

/** A thread in the sidebar: a link with a menu, a title that is being edited, or a checkbox. */
export const ThreadRow = memo(({ thread, found }: RowProps) => {
  const [isHere] = useRoute(`/chat/${thread.id}`);
  const [isRenaming, setRenaming] = useState(false);
  const { selected } = useSelection();
  if (selected) return <SelectableRow thread={thread} />;
  if (isRenaming) return <TitleInput thread={thread} onClose={() => setRenaming(false)} />;
  const title = titleOf(thread);
  const rename = (event: KeyboardEvent) => {
    if (event.key !== 'F2') return;
    event.preventDefault();
    setRenaming(true);
  };
  return (
    <li className="nav-row thread-row">
      <Link
        href={`/chat/${thread.id}`}
        title={title}
        aria-current={isHere ? 'page' : undefined}
        draggable
        onDragStart={(event: DragEvent) => dragThreads(event, [thread])}
        onDoubleClick={() => setRenaming(true)}
        onKeyDown={rename}
      >
        <span className="thread-title">{found ? <Highlighted text={title} wanted={found.wanted} /> : title}</span>
        {found?.snippet && (
          <span className="snippet">
            <Highlighted text={snippetText(found.snippet, found.wanted)} wanted={found.wanted} />
          </span>
        )}
      </Link>
      {/* oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- drawn in CSS */}
      {thread.active_run_id && <span className="pulse" role="img" aria-label="An answer is being written" />}
      <ThreadMenu thread={thread} onRename={() => setRenaming(true)} />
    </li>
  );
});

/** The actions on a thread, also in the header of its page. */
export function ThreadMenu({ thread, onRename }: { thread: Thread; onRename?: () => void }) {
  const isStarred = useStarred().data?.includes(thread.id) ?? false;
  const { begin } = useSelection();
  const me = useMe().data;
  const mayWrite = me?.permissions.includes('data.threads.write') ?? false;
  const isOwn = mayWrite && thread.created_by_user_id === me?.id;
  if (!mayWrite) return null;
  return (
    <RowMenu of={titleOf(thread)}>
      <MenuItem icon={isStarred ? 'starFilled' : 'star'} onSelect={() => void setStarred(thread, !isStarred)}>
        {isStarred ? 'Remove star' : 'Star'}
      </MenuItem>
      {isOwn && (
        <>
          <MenuItem icon="edit" onSelect={onRename ?? (() => openTask({ kind: 'rename', thread }))}>
            Rename
          </MenuItem>
          <MenuItem icon="share" onSelect={() => openTask({ kind: 'share', thread })}>
            Share…
          </MenuItem>
          <MenuItem icon="folder" onSelect={() => openTask({ kind: 'move', threads: [thread] })}>
            Move to project…
          </MenuItem>
          <MenuItem icon="archive" onSelect={() => void setArchived([thread], !thread.archived_at)}>
            {thread.archived_at ? 'Unarchive' : 'Archive'}
          </MenuItem>
        </>
      )}
      <MenuItem icon="fork" onSelect={() => void forkThread(thread)}>
        Make a copy
      </MenuItem>
      {onRename && isOwn && (
        <MenuItem icon="check" onSelect={() => begin(thread)}>
          Select
        </MenuItem>
      )}
      <MenuSeparator />
      <MenuItem icon="flag" onSelect={() => openTask({ kind: 'report', thread })}>
        Report…
      </MenuItem>
      {isOwn && (
        <MenuItem icon="remove" danger onSelect={() => openTask({ kind: 'delete', threads: [thread] })}>
          Delete…
        </MenuItem>
      )}
    </RowMenu>
  );
}

/** Enter and leaving the field save; Escape does not. */
function TitleInput({ thread, onClose }: { thread: Thread; onClose: () => void }) {
  const rename = useRename(thread);
  const [title, setTitle] = useState(thread.title ?? '');
  const save = () => {
    const next = title.trim() || null;
    onClose();
    if (next !== thread.title) rename.mutate(next);
  };
  const press = (event: KeyboardEvent<HTMLInputElement>) => {
    event.stopPropagation();
    if (event.key === 'Enter') save();
    if (event.key === 'Escape') onClose();
    if (event.key === 'Enter' || event.key === 'Escape') focusLink(thread.id);
  };
  return (
    <li className="nav-row">
      <input
        className="input title-input"
        aria-label="Title of the chat"
        value={title}
        maxLength={200}
        // oxlint-disable-next-line jsx-a11y/no-autofocus -- the user asked to edit it
        autoFocus
        onFocus={({ currentTarget }) => currentTarget.select()}
        onChange={({ currentTarget }) => setTitle(currentTarget.value)}
        onKeyDown={press}
        onBlur={save}
      />
    </li>
  );
}

/** The focus returns from the input to the link that replaces it. */
const focusLink = (threadId: string) =>
  requestAnimationFrame(() => document.querySelector<HTMLElement>(`.sidebar a[href="/chat/${threadId}"]`)?.focus());

function SelectableRow({ thread }: { thread: Thread }) {
  const { selected, toggle } = useSelection();
  const isSelected = selected?.has(thread.id) ?? false;
  return (
    <li className={isSelected ? 'nav-row selectable selected' : 'nav-row selectable'}>
      <label>
        <input type="checkbox" checked={isSelected} onChange={() => toggle(thread)} />
        <span className="thread-title">{titleOf(thread)}</span>
      </label>
    </li>
  );
}
