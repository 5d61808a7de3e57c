import { useState } from 'react';
import type { Project, Thread } from '../../../../../client/index.ts';
import { useThreads } from '../../../../../client/react/index.ts';
import { More } from '../../components/paging.tsx';
import { ErrorNotice, Loading } from '../../components/states.tsx';
import { useMe } from '../../me.ts';
import { IconButton } from '../../ui/buttons.tsx';
import { Icon } from '../../ui/icons.tsx';
import { MenuItem, MenuSeparator, RowMenu } from '../../ui/menu.tsx';
import { useDropTarget } from './drag.ts';
import { useProjects } from './list.ts';
import { startChatIn } from './mutations.ts';
import { ThreadRow } from './row.tsx';
import { openTask } from './tasks.ts';

const place = 'arkloop.folders';

/** Ids of the open folders. They stay open after a reload. */
function useOpenFolders() {
  const [open, setOpen] = useState<readonly string[]>(() => {
    try {
      const stored: unknown = JSON.parse(localStorage.getItem(place) ?? '[]');
      return Array.isArray(stored) ? stored.filter((id) => typeof id === 'string') : [];
    } catch {
      return [];
    }
  });
  const toggle = (id: string) => {
    const next = open.includes(id) ? open.filter((each) => each !== id) : [...open, id];
    localStorage.setItem(place, JSON.stringify(next));
    setOpen(next);
  };
  return { open, toggle };
}

/** The projects as folders. The default project is shown once it has a chat among the loaded ones. */
export function Folders({ loaded }: { loaded: readonly Thread[] }) {
  const projects = useProjects();
  const mayCreate = useMe().data?.permissions.includes('data.projects.manage') ?? false;
  const { open, toggle } = useOpenFolders();
  const rows = projects.rows?.filter(({ id, is_default }) => !is_default || loaded.some(({ project_id }) => project_id === id)) ?? [];
  if (projects.error && !projects.rows) return <ErrorNotice error={projects.error} retry={() => void projects.refetch()} />;
  if (rows.length === 0 && !mayCreate) return null;
  return (
    <section aria-label="Projects">
      <div className="section-head">
        <h2>Projects</h2>
        {mayCreate && <IconButton small label="New project" icon="add" onClick={() => openTask({ kind: 'newProject' })} />}
      </div>
      {projects.rows && rows.length === 0 && <p className="nothing small">Folders for chats that belong together.</p>}
      {rows.map((project) => (
        <Folder key={project.id} project={project} isOpen={open.includes(project.id)} onToggle={() => toggle(project.id)} />
      ))}
      <More query={projects}>More projects</More>
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
        <button type="button" className="folder-name" aria-expanded={isOpen} title={project.name} onClick={onToggle}>
          <Icon name={isOpen ? 'chevronDown' : 'chevronRight'} />
          <Icon name="folder" />
          <span className="thread-title">{project.name}</span>
        </button>
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
      {isOpen && <FolderContent project={project} />}
    </div>
  );
}

function FolderContent({ project }: { project: Project }) {
  const threads = useThreads({ projectId: project.id });
  const { data, error, refetch } = threads;
  if (!data) return error ? <ErrorNotice error={error} retry={() => void refetch()} /> : <Loading />;
  return (
    <div className="folder-content">
      {data.length === 0 && <p className="nothing small">No chats yet. Drag one here, or choose “Move to project” in its menu.</p>}
      <ul className="thread-rows" aria-label={project.name}>
        {data.map((thread) => (
          <ThreadRow key={thread.id} thread={thread} />
        ))}
      </ul>
      <More query={threads}>Older chats</More>
    </div>
  );
}
