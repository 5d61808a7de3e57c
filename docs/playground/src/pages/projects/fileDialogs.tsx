import type { WorkspaceFile, WorkspaceItem } from '../../../../../client/index.ts';
import { ConfirmDialog, FormDialog } from '../../resource/dialogs.tsx';
import { client } from '../../session.ts';
import { TextField } from '../../ui/fields.tsx';
import { textOf } from '../../ui/form.tsx';

type ItemProps = { projectId: string; item: WorkspaceItem; onDone: () => void };

/** The version that the user has seen: a run may have changed the file meanwhile. Folders have none. */
const versionOf = (item: WorkspaceItem) =>
  item.type === 'dir' || item.sha256 === undefined ? {} : { headers: { 'if-match': `"${item.sha256}"` } };

export const RenameForm = ({ projectId, item, onDone }: ItemProps) => (
  <FormDialog
    title={`Rename or move “${item.name}”`}
    submit="Save"
    done="Saved"
    changes={[['workspace', projectId]]}
    fieldOf={{ path_taken: 'new_path' }}
    onClose={onDone}
    onSubmit={(values) =>
      client.workspaces.rename(
        { params: { project_id: projectId }, body: { path: item.path, new_path: textOf(values, 'new_path') } },
        versionOf(item),
      )
    }
  >
    <TextField
      label="Path"
      name="new_path"
      defaultValue={item.path}
      hint="From the top folder. Folders that do not exist are created."
      spellCheck={false}
      autoComplete="off"
      required
    />
  </FormDialog>
);

export const Deletion = ({ projectId, item, onDone }: ItemProps) => (
  <ConfirmDialog
    title={`Delete “${item.name}”?`}
    confirm="Delete"
    done="Deleted"
    changes={[['workspace', projectId]]}
    onClose={onDone}
    action={() =>
      client.workspaces.delete(
        { params: { project_id: projectId }, query: { path: item.path, ...(item.type === 'dir' && { recursive: true }) } },
        versionOf(item),
      )
    }
  >
    {item.type === 'dir' ? 'The folder is deleted with everything in it.' : 'The file is deleted.'} This cannot be undone.
  </ConfirmDialog>
);

type ReplacementProps = { projectId: string; replaced: readonly { file: File; present: WorkspaceFile }[]; onDone: () => void };

/** Asks before uploaded files replace others of the same names. */
export const Replacement = ({ projectId, replaced, onDone }: ReplacementProps) => (
  <ConfirmDialog
    title={replaced.length === 1 ? `Replace “${replaced[0]!.file.name}”?` : `Replace ${replaced.length} files?`}
    confirm="Replace"
    done="Replaced"
    changes={[['workspace', projectId]]}
    onClose={onDone}
    action={async () => {
      for (const { file, present } of replaced)
        await client.workspaces.upload(
          { params: { project_id: projectId }, query: { path: present.path }, body: { file } },
          versionOf(present),
        );
    }}
  >
    {replaced.length === 1 ? 'A file with this name exists' : 'Files with these names exist'}:{' '}
    {replaced.map(({ file }) => file.name).join(', ')}
  </ConfirmDialog>
);
