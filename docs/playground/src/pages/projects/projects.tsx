import type { Project, Team } from '../../../../../client/index.ts';
import { When } from '../../components/format.tsx';
import { Page } from '../../components/page.tsx';
import { usePages } from '../../components/paging.tsx';
import { Empty, QueryState } from '../../components/states.tsx';
import type { Column } from '../../components/table.tsx';
import { useMay, useMe } from '../../me.ts';
import { ConfirmDialog, FormDialog, useDialog } from '../../resource/dialogs.tsx';
import { PagedRows } from '../../resource/resourceList.tsx';
import { client } from '../../session.ts';
import { Badge, Button } from '../../ui/buttons.tsx';
import { Choice } from '../../ui/choice.tsx';
import { TextArea, TextField } from '../../ui/fields.tsx';
import { textOf } from '../../ui/form.tsx';
import { useNameOf } from '../people/account.ts';
import { useAllTeams } from '../people/teams.tsx';
import { Files } from './files.tsx';

const projectsKey = ['projects'];

/** The projects of the account, with the files of their workspaces. */
export default function Projects() {
  const projects = usePages([...projectsKey, 'page'], (page) => client.projects.list({ query: page }));
  const [mayManage, mayReadFiles] = [useMay('data.projects.manage'), useMay('data.runs.read')];
  const me = useMe().data;
  const teams = useAllTeams().data ?? [];
  const nameOf = useNameOf();
  const [dialog, open] = useDialog();
  const add = mayManage && (
    <Button kind="primary" icon="add" onClick={() => open((close) => <ProjectForm onClose={close} />)}>
      New project
    </Button>
  );
  const columns: Column<Project>[] = [
    {
      title: 'Name',
      cell: ({ name, description, is_default }) => (
        <>
          {name} {is_default && <Badge>Default</Badge>}
          {description && <div className="muted small">{description}</div>}
        </>
      ),
    },
    { title: 'Visible to', cell: (project) => audienceOf(project, teams) },
    { title: 'Owner', cell: ({ owner_user_id }) => nameOf(owner_user_id) },
    { title: 'Created', cell: ({ created_at }) => <When at={created_at} /> },
  ];
  return (
    <Page title="Projects" intro="Groups of chats. In each project you have files, which your runs read and write." actions={add}>
      <PagedRows
        query={projects}
        caption="Projects"
        columns={columns}
        keyOf={({ id }) => id}
        nameOf={({ name }) => name}
        textOf={({ name, description }) => `${name} ${description ?? ''}`}
        empty={
          <Empty title="No projects yet" action={add}>
            A project keeps the chats and files of one matter together.
          </Empty>
        }
        actionsOf={(project) => {
          const mayChange = mayManage || project.owner_user_id === me?.id;
          return [
            mayReadFiles && { label: 'Files', icon: 'folder', run: () => open((close) => <Files project={project} onClose={close} />) },
            mayChange && {
              label: 'Edit',
              icon: 'edit',
              run: () => open((close) => <ProjectForm project={project} onClose={close} />),
            },
            mayChange &&
              !project.is_default && {
                label: 'Delete',
                icon: 'remove',
                isDangerous: true,
                run: () => open((close) => <Deletion project={project} onClose={close} />),
              },
          ];
        }}
      />
      {dialog}
    </Page>
  );
}

function audienceOf({ visibility, team_id }: Project, teams: readonly Team[]): string {
  if (visibility === 'private') return 'Only the owner';
  if (team_id === null) return 'All members';
  return teams.find(({ id }) => id === team_id)?.name ?? 'A team';
}

const Deletion = ({ project: { id, name }, onClose }: { project: Project; onClose: () => void }) => (
  <ConfirmDialog
    title={`Delete “${name}”?`}
    confirm="Delete"
    done="Project deleted"
    changes={[projectsKey]}
    onClose={onClose}
    action={() => client.projects.delete({ params: { project_id: id } })}
  >
    Its chats stay, without a project. Its files can no longer be read.
  </ConfirmDialog>
);

const sharingOf = (audience: string): Pick<Project, 'visibility' | 'team_id'> =>
  audience === 'private' || audience === 'shared' ? { visibility: audience, team_id: null } : { visibility: 'shared', team_id: audience };

function ProjectForm({ project, onClose }: { project?: Project; onClose: () => void }) {
  const teams = useAllTeams();
  const mayReadTeams = useMay('account.teams.read');
  const save = (values: FormData) => {
    const body = { name: textOf(values, 'name'), description: textOf(values, 'description') || null };
    // Without the choice, of which the teams are still being loaded, nothing changes.
    const sharing = values.has('audience') ? sharingOf(textOf(values, 'audience')) : {};
    return project
      ? client.projects.update({ params: { project_id: project.id }, body: { ...body, ...sharing } })
      : client.projects.create({ body: { ...body, ...sharing } });
  };
  return (
    <FormDialog
      title={project ? `Edit “${project.name}”` : 'New project'}
      submit={project ? 'Save' : 'Create'}
      done={project ? 'Saved' : 'Project created'}
      changes={[projectsKey]}
      onClose={onClose}
      onSubmit={save}
    >
      <TextField label="Name" name="name" defaultValue={project?.name} required />
      <TextArea label="Description" name="description" rows={3} maxLength={2_000} defaultValue={project?.description ?? ''} />
      {!project?.is_default && (
        <QueryState query={mayReadTeams ? teams : { ...teams, data: [], error: null }}>
          {(all) => (
            <Choice
              label="Visible to"
              name="audience"
              defaultValue={project?.visibility === 'shared' ? (project.team_id ?? 'shared') : 'private'}
              options={[
                { value: 'private', label: 'Only the owner', icon: 'lock' },
                { value: 'shared', label: 'All members', icon: 'users' },
                ...all.map(({ id, name }) => ({ value: id, label: name, description: 'Team', icon: 'users' as const })),
              ]}
            />
          )}
        </QueryState>
      )}
    </FormDialog>
  );
}
