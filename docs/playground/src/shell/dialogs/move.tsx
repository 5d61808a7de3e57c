import { useState } from 'react';
import type { Thread } from '../../../../../client/index.ts';
import { More, ShowMore } from '../../components/paging.tsx';
import { QueryState } from '../../components/states.tsx';
import { useMe } from '../../me.ts';
import { FinderField, Searching, useFinder } from '../../resource/finder.tsx';
import { Button } from '../../ui/buttons.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Form, textOf } from '../../ui/form.tsx';
import { titleOf, useProjects } from '../threads/list.ts';
import { countOf, moveThreads } from '../threads/mutations.ts';
import { openTask } from '../threads/tasks.ts';

/** Projects that are shown at first, and with each "Show more". */
const shownPerStep = 50;

type MoveProps = { threads: readonly Thread[]; onDone?: () => void; onClose: () => void };

/** Chooses the project of threads. */
export function MoveDialog({ threads, onDone, onClose }: MoveProps) {
  const projects = useProjects();
  const mayCreate = useMe().data?.permissions.includes('data.projects.manage') ?? false;
  const finder = useFinder(projects.rows, ({ name }) => name, projects);
  const found = finder.found ?? [];
  const [limit, setLimit] = useState(shownPerStep);
  const [first] = threads;
  const current = threads.every(({ project_id }) => project_id === first?.project_id) ? (first?.project_id ?? '') : undefined;
  return (
    <Dialog title={threads.length === 1 && first ? `Move “${titleOf(first)}”` : `Move ${countOf(threads)}`} onClose={onClose}>
      <QueryState query={{ ...projects, data: projects.rows }}>
        {(rows) => (
          <Form
            submit="Move"
            onCancel={onClose}
            onSubmit={async (values) => {
              const id = textOf(values, 'project');
              await moveThreads(threads, rows.find((project) => project.id === id) ?? null);
              onDone?.();
              onClose();
            }}
          >
            {finder.isOffered && <FinderField caption="Projects" finder={finder} />}
            <fieldset className="choices-list">
              <legend className="for-readers">Project</legend>
              {[...(finder.isActive ? [] : [{ id: '', name: 'No project' }]), ...found.slice(0, limit)].map(({ id, name }) => (
                <label key={id}>
                  <input type="radio" name="project" value={id} defaultChecked={id === current} required />
                  <span>{name}</span>
                </label>
              ))}
              {finder.isLoading ? (
                <Searching read={rows.length} />
              ) : found.length > limit ? (
                <ShowMore canShow onShow={() => setLimit(limit + shownPerStep)} />
              ) : (
                <More query={projects} />
              )}
              {mayCreate && (
                <Button
                  kind="ghost"
                  icon="add"
                  onClick={() => openTask({ kind: 'newProject', next: { kind: 'move', threads, ...(onDone && { onDone }) } })}
                >
                  New project
                </Button>
              )}
            </fieldset>
          </Form>
        )}
      </QueryState>
    </Dialog>
  );
}
