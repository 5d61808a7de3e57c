import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Persona } from '../../../../../client/index.ts';
import { Page } from '../../components/page.tsx';
import { listChoices } from '../../components/paging.tsx';
import { Empty } from '../../components/states.tsx';
import type { Column } from '../../components/table.tsx';
import { useMay } from '../../me.ts';
import { ConfirmDialog, useAction, useDialog } from '../../resource/dialogs.tsx';
import { Rows } from '../../resource/resourceList.tsx';
import { turnAction } from '../../resource/rowMenu.tsx';
import { client } from '../../session.ts';
import { Badge, Button, OnOff } from '../../ui/buttons.tsx';
import { Editor } from './editor.tsx';
import { personasKey, scope } from './persona.ts';

/** The personas of the account: system prompts with the tools, models and limits of their runs. */
export default function Personas() {
  const personas = useQuery({
    queryKey: personasKey,
    queryFn: () => listChoices((page) => client.personas.list({ query: { ...scope, ...page } })),
  });
  const mayManage = useMay('data.personas.manage');
  const [edited, edit] = useState<Persona | 'new'>();
  const run = useAction();
  const [dialog, open] = useDialog();
  if (edited) return <Editor persona={edited === 'new' ? undefined : edited} onClose={() => edit(undefined)} />;
  const turn = ({ id, display_name, is_active }: Persona) =>
    run(
      () => client.personas.update({ params: { persona_id: id }, query: scope, body: { is_active: !is_active } }),
      `${display_name} is ${is_active ? 'off' : 'on'}`,
      personasKey,
    );
  const add = mayManage && (
    <Button kind="primary" icon="add" onClick={() => edit('new')}>
      New persona
    </Button>
  );
  return (
    <Page
      title="Personas"
      intro="Who answers in a chat: a system prompt with the tools, the model and the limits of its runs."
      actions={add}
    >
      <Rows
        query={personas}
        caption="Personas"
        columns={columns}
        keyOf={({ id }) => id}
        nameOf={({ display_name }) => display_name}
        textOf={({ display_name, persona_key, description }) => `${display_name} ${persona_key} ${description ?? ''}`}
        empty={
          <Empty title="No personas yet" action={add}>
            Write a system prompt once, and choose it in every chat.
          </Empty>
        }
        actionsOf={(persona) =>
          persona.source === 'builtin'
            ? [{ label: mayManage ? 'Customize' : 'Show', icon: mayManage ? 'copy' : 'open', run: () => edit(persona) }]
            : [
                { label: mayManage ? 'Edit' : 'Show', icon: mayManage ? 'edit' : 'open', run: () => edit(persona) },
                mayManage && turnAction(persona.is_active, () => turn(persona)),
                mayManage && {
                  label: 'Delete',
                  icon: 'remove',
                  isDangerous: true,
                  run: () => open((close) => <Deletion persona={persona} onClose={close} />),
                },
              ]
        }
      />
      {dialog}
    </Page>
  );
}

const columns: Column<Persona>[] = [
  {
    title: 'Name',
    cell: ({ display_name, description, source }) => (
      <>
        {display_name} {source === 'builtin' && <Badge>Built in</Badge>}
        {description && <div className="muted small">{description}</div>}
      </>
    ),
  },
  { title: 'Key', cell: ({ persona_key, version }) => <code>{`${persona_key}@${version}`}</code> },
  { title: 'Model', cell: ({ model }) => (model ? <code>{model}</code> : <span className="muted">Default</span>) },
  { title: 'In chats', cell: ({ user_selectable }) => (user_selectable ? 'Offered' : <span className="muted">Not offered</span>) },
  { title: 'State', cell: ({ is_active }) => <OnOff isOn={is_active} /> },
];

const Deletion = ({ persona: { id, display_name }, onClose }: { persona: Persona; onClose: () => void }) => (
  <ConfirmDialog
    title={`Delete “${display_name}”?`}
    confirm="Delete"
    done="Persona deleted"
    changes={[personasKey, ['selectable-personas']]}
    onClose={onClose}
    action={() => client.personas.delete({ params: { persona_id: id }, query: scope })}
  >
    Active runs finish with it. If it replaced a built-in persona, that one applies again.
  </ConfirmDialog>
);
