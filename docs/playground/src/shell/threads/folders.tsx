import { useState } from 'react';
import type { Project, Thread } from '../../../../../client/index.ts';
import { useThreads } from '../../../../../client/react/index.ts';
import { More, ShowMore } from '../../components/paging.tsx';
import { ErrorNotice, Loading } from '../../components/states.tsx';
import { useMe } from '../../me.ts';
import { IconButton } from '../../ui/buttons.tsx';
import { Icon, type IconName } from '../../ui/icons.tsx';
import { MenuItem, MenuSeparator, RowMenu } from '../../ui/menu.tsx';
import { useDropTarget } from './drag.ts';
import { useProjects } from './list.ts';
import { startChatIn } from './mutations.ts';
import { ThreadRow } from './row.tsx';
import { openTask } from './tasks.ts';

const place = 'arkloop.folders';

function readOpenFolders(): readonly string[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(place) ?? '[]');
    return Array.isArray(stored) ? stored.filter((id) => typeof id === 'string') : [];
  } catch {
    return [];
  }
}

/** Ids of the open folders. They stay open after a reload. */
function useOpenFolders() {
  const [open, setOpen] = useState(readOpenFolders);
  const toggle = (id: string) => {
    // Another component may have stored a change.
    const stored = readOpenFolders();
    const next = open.includes(id) ? stored.filter((each) => each !== id) : [...stored, id];
    localStorage.setItem(place, JSON.stringify(next));
    setOpen(next);
  };
  return { open, toggle };
}

/** Folders that are shown at first, so that the chats below them stay in view. */
const minFolders = 8;
const foldersPerStep = 40;

/** The projects as folders. The default project is shown once it has a chat among the loaded ones. */
export function Folders({ loaded }: { loaded: readonly Thread[] }) {
  const projects = useProjects();
  const mayCreate = useMe().data?.permissions.includes('data.projects.manage') ?? false;
  const { open, toggle } = useOpenFolders();
  const rows = projects.rows?.filter(({ id, is_default }) => !is_default || loaded.some(({ project_id }) => project_id === id)) ?? [];
  const [limit, setLimit] = useState(minFolders);
  // Open folders are shown wherever they are.
  const shown = rows.filter(({ id }, at) => at < limit || open.includes(id));
  if (projects.error && !projects.rows) return <ErrorNotice error={projects.error} retry={() => projects.refetch()} />;
  if (rows.length === 0 && !mayCreate) return null;
  return (
    <section aria-label="Projects">
      <div className="section-head">
        <h2>Projects</h2>
        {mayCreate && <IconButton small label="New project" icon="add" onClick={() => openTask({ kind: 'newProject' })} />}
      </div>
      {projects.rows && rows.length === 0 && <p className="nothing small">Folders for chats that belong together.</p>}
      {shown.map((project) => (
        <Folder key={project.id} project={project} isOpen={open.includes(project.id)} onToggle={() => toggle(project.id)} />
      ))}
      {shown.length < rows.length ? (
        <ShowMore canShow onShow={() => setLimit(limit + foldersPerStep)}>
          More projects
        </ShowMore>
      ) : (
        <More query={projects}>More projects</More>
      )}
    </section>
  );
}

function Folder({ project, isOpen, onToggle }: { project: Project; isOpen: boolean; onToggle: () => void }) {
  const target = useDropTarget(project);
  const me = useMe().data;
  const mayManage = me !== undefined && (project.owner_user_id === me.id || me.permissions.includes('data.projects.manage'));
  return (
    <div className="folder" {...target}>
      <div className="nav-row">
        <FolderName name={project.name} icon="folder" isOpen={isOpen} onToggle={onToggle} />
        <RowMenu of={project.name}>
          <MenuItem icon="add" onSelect={() => void startChatIn(project)}>
            New chat here
          </MenuItem>
          {mayManage && (
            <MenuItem icon="edit" onSelect={() => openTask({ kind: 'renameProject', project })}>
              Rename
            </MenuItem>
          )}
          {mayManage && !project.is_default && (
            <>
              <MenuSeparator />
              <MenuItem icon="remove" danger onSelect={() => openTask({ kind: 'deleteProject', project })}>
                Delete…
              </MenuItem>
            </>
          )}
        </RowMenu>
      </div>
      {isOpen && (
        <FolderContent name={project.name} filter={{ projectId: project.id }}>
          No chats yet. Drag one here, or choose “Move to project” in its menu.
        </FolderContent>
      )}
    </div>
  );
}

const archive = 'archive';

/** The archived threads of all projects. */
export function Archive() {
  const { open, toggle } = useOpenFolders();
  const isOpen = open.includes(archive);
  return (
    <section className="folder" aria-label="Archive">
      <div className="nav-row">
        <FolderName name="Archived" icon="archive" isOpen={isOpen} onToggle={() => toggle(archive)} />
      </div>
      {isOpen && (
        <FolderContent name="Archived" filter={{ archived: true }}>
          No archived chats. Choose “Archive” in the menu of a chat to put it away; a new message brings it back.
        </FolderContent>
      )}
    </section>
  );
}

type FolderNameProps = { name: string; icon: IconName; isOpen: boolean; onToggle: () => void };

const FolderName = ({ name, icon, isOpen, onToggle }: FolderNameProps) => (
  <button type="button" className="folder-name" aria-expanded={isOpen} title={name} onClick={onToggle}>
    <Icon name={isOpen ? 'chevronDown' : 'chevronRight'} />
    <Icon name={icon} />
    <span className="thread-title">{name}</span>
  </button>
);

type FolderContentProps = { name: string; filter: Parameters<typeof useThreads>[0]; children: string };

/** The threads of a folder; `children` is shown if there are none. */
function FolderContent({ name, filter, children }: FolderContentProps) {
  const threads = useThreads(filter);
  const { data, error, refetch } = threads;
  if (!data) return error ? <ErrorNotice error={error} retry={() => refetch()} /> : <Loading />;
  return (
    <div className="folder-content">
      {data.length === 0 && <p className="nothing small">{children}</p>}
      <ul className="thread-rows" aria-label={name}>
        {data.map((thread) => (
          <ThreadRow key={thread.id} thread={thread} />
        ))}
      </ul>
      <More query={threads}>Older chats</More>
    </div>
  );
}
