import type { Skill } from '../../../../../client/index.ts';
import { count, When } from '../../components/format.tsx';
import { Page } from '../../components/page.tsx';
import { usePages } from '../../components/paging.tsx';
import { Empty } from '../../components/states.tsx';
import type { Column } from '../../components/table.tsx';
import { useMay } from '../../me.ts';
import { ConfirmDialog, FormDialog, useAction, useDialog } from '../../resource/dialogs.tsx';
import { PagedRows } from '../../resource/resourceList.tsx';
import { turnAction } from '../../resource/rowMenu.tsx';
import { client } from '../../session.ts';
import { Button, OnOff } from '../../ui/buttons.tsx';
import { TextField } from '../../ui/fields.tsx';
import { FieldError } from '../../ui/form.tsx';
import { SkillFiles } from './files.tsx';

const skillsKey = ['skills'];

/** Folders with instructions that models of the account load when a task requires them. */
export default function Skills() {
  const skills = usePages(skillsKey, (page) => client.skills.list({ query: page }));
  // The API requires both permissions.
  const [mayManageSkills, mayManagePersonas] = [useMay('data.skills.manage'), useMay('data.personas.manage')];
  const mayManage = mayManageSkills && mayManagePersonas;
  const run = useAction();
  const [dialog, open] = useDialog();
  const add = mayManage && (
    <Button kind="primary" icon="add" onClick={() => open((close) => <Upload onClose={close} />)}>
      Upload a skill
    </Button>
  );
  const turn = ({ id, name, is_active }: Skill) =>
    run(
      () => client.skills.update({ params: { skill_id: id }, body: { is_active: !is_active } }),
      `${name} is ${is_active ? 'off' : 'on'}`,
      skillsKey,
    );
  return (
    <Page
      title="Skills"
      intro="Instructions for particular tasks. Agents see their names and descriptions, and load the text when a task requires it."
      actions={add}
    >
      <PagedRows
        query={skills}
        caption="Skills"
        columns={columns}
        keyOf={({ id }) => id}
        nameOf={({ name }) => name}
        textOf={({ name, description }) => `${name} ${description}`}
        empty={
          <Empty title="No skills yet" action={add}>
            Upload a folder with a <code>SKILL.md</code>, such as how your team writes release notes. Every persona can use it.
          </Empty>
        }
        actionsOf={(skill) => [
          { label: 'Show files', icon: 'folder', run: () => open((close) => <SkillFiles skill={skill} onClose={close} />) },
          mayManage && { label: 'Replace', icon: 'edit', run: () => open((close) => <Upload skill={skill} onClose={close} />) },
          mayManage && turnAction(skill.is_active, () => turn(skill)),
          mayManage && {
            label: 'Delete',
            icon: 'remove',
            isDangerous: true,
            run: () => open((close) => <Deletion skill={skill} onClose={close} />),
          },
        ]}
      />
      {dialog}
    </Page>
  );
}

const columns: Column<Skill>[] = [
  {
    title: 'Name',
    cell: ({ name, description }) => (
      <>
        <code>{name}</code>
        <div className="muted small">{description}</div>
      </>
    ),
  },
  { title: 'Files', cell: ({ file_count }) => count(file_count) },
  { title: 'Changed', cell: ({ updated_at }) => <When at={updated_at} /> },
  { title: 'State', cell: ({ is_active }) => <OnOff isOn={is_active} /> },
];

const Deletion = ({ skill: { id, name }, onClose }: { skill: Skill; onClose: () => void }) => (
  <ConfirmDialog
    title={`Delete “${name}”?`}
    confirm="Delete"
    done="Skill deleted"
    changes={[skillsKey]}
    onClose={onClose}
    action={() => client.skills.delete({ params: { skill_id: id } })}
  >
    Its files cannot be restored. To keep them, turn the skill off instead. A skill that a persona lists cannot be deleted.
  </ConfirmDialog>
);

/** Creates a skill, or replaces its files, from a zip archive or a single `SKILL.md`. */
function Upload({ skill, onClose }: { skill?: Skill; onClose: () => void }) {
  const save = async (values: FormData) => {
    const body = await contentOf(values.get('zip'));
    return skill ? client.skills.replace({ params: { skill_id: skill.id }, body }) : client.skills.create({ body });
  };
  return (
    <FormDialog
      title={skill ? `Replace the files of “${skill.name}”` : 'Upload a skill'}
      submit={skill ? 'Replace' : 'Upload'}
      done={skill ? 'Skill replaced' : 'Skill uploaded'}
      fieldOf={{ name_conflict: 'zip', invalid_skill: 'zip' }}
      changes={[skillsKey, ['skill']]}
      onClose={onClose}
      onSubmit={save}
    >
      <TextField
        label="Zip archive or SKILL.md"
        name="zip"
        type="file"
        accept=".zip,.md"
        hint="A folder with a SKILL.md, whose front matter has name and description. At most 100 files and 2 MiB."
        required
      />
    </FormDialog>
  );
}

async function contentOf(file: FormDataEntryValue | null) {
  if (!(file instanceof File) || file.size === 0) throw new FieldError('zip', 'Choose a file.');
  return file.name.toLowerCase().endsWith('.md')
    ? { files: [{ path: 'SKILL.md', content: await file.text() }] }
    : { zip: await base64Of(file) };
}

function base64Of(file: File): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const reader = new FileReader();
  reader.addEventListener('load', () => resolve((reader.result as string).split(',', 2)[1] ?? ''));
  reader.addEventListener('error', () => reject(new FieldError('zip', 'The file cannot be read.')));
  reader.readAsDataURL(file);
  return promise;
}
