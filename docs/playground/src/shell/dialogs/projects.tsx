import type { Project } from '../../../../../client/index.ts';
import { client } from '../../session.ts';
import { Confirm, Dialog } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/fields.tsx';
import { Form, textOf } from '../../ui/form.tsx';
import { showToast } from '../../ui/toasts.tsx';
import { changed } from '../threads/sync.ts';

const NameField = ({ name = '' }: { name?: string }) => (
  <TextField label="Name" name="name" defaultValue={name} maxLength={200} autoComplete="off" required autoFocus />
);

export const NewProjectDialog = ({ onClose }: { onClose: () => void }) => (
  <Dialog title="New project" intro="A folder for chats. Only you see it until you share it." onClose={onClose}>
    <Form
      submit="Create"
      onCancel={onClose}
      onSubmit={async (values) => {
        await client.projects.create({ body: { name: textOf(values, 'name') } });
        await changed('projects');
        onClose();
      }}
    >
      <NameField />
    </Form>
  </Dialog>
);

type AboutProject = { project: Project; onClose: () => void };

export const RenameProjectDialog = ({ project, onClose }: AboutProject) => (
  <Dialog title="Rename the project" onClose={onClose}>
    <Form
      submit="Rename"
      onCancel={onClose}
      onSubmit={async (values) => {
        await client.projects.update({ params: { project_id: project.id }, body: { name: textOf(values, 'name') } });
        await changed('projects');
        onClose();
      }}
    >
      <NameField name={project.name} />
    </Form>
  </Dialog>
);

export const DeleteProjectDialog = ({ project, onClose }: AboutProject) => (
  <Confirm
    title={`Delete “${project.name}”?`}
    confirm="Delete"
    onClose={onClose}
    onConfirm={async () => {
      await client.projects.delete({ params: { project_id: project.id } });
      await Promise.all([changed('projects'), changed('threads')]);
      showToast('Project deleted');
    }}
  >
    <p>The project will be deleted. Its chats stay, without a project. Its files can no longer be read.</p>
  </Confirm>
);
