import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Persona } from '../../../../../client/index.ts';
import { Page, Section } from '../../components/page.tsx';
import { listChoices } from '../../components/paging.tsx';
import { useMay } from '../../me.ts';
import { useProviders } from '../../providers.ts';
import { useChanged } from '../../resource/dialogs.tsx';
import { client } from '../../session.ts';
import { Button } from '../../ui/buttons.tsx';
import { Checkbox, FieldSet, TextArea, TextField } from '../../ui/fields.tsx';
import { Form } from '../../ui/form.tsx';
import { Select } from '../../ui/select.tsx';
import { showToast } from '../../ui/toasts.tsx';
import { changesOf, type Draft, draftOf, keyOfName, personasKey, scope } from './persona.ts';
import { Preview } from './preview.tsx';

type EditorProps = { persona: Persona | undefined; onClose: () => void };

/** Creates or edits a persona. A built-in persona is saved as a copy of the account, which replaces it. */
export function Editor({ persona, onClose }: EditorProps) {
  const [draft, setDraft] = useState<Draft>(() => draftOf(persona));
  const [stored, setStored] = useState(persona?.source === 'custom' ? persona : undefined);
  const mayManage = useMay('data.personas.manage');
  const changed = useChanged();
  const set = (changes: Partial<Draft>) => setDraft((previous) => ({ ...previous, ...changes }));
  const key = draft.persona_key || keyOfName(draft.display_name);
  const save = async () => {
    const body = changesOf(draft, persona);
    const next = stored
      ? await client.personas.update({ params: { persona_id: stored.id }, query: scope, body })
      : await client.personas.create({ body: { ...body, persona_key: key, version: draft.version.trim() } });
    setStored(next);
    await changed(personasKey, ['selectable-personas']);
    showToast('Persona saved');
  };
  const title = stored ? stored.display_name : persona ? `Customize ${persona.display_name}` : 'New persona';
  return (
    <Page
      title={title}
      intro={persona && !stored && mayManage ? 'Saved as a persona of this workspace, which replaces the built-in one.' : undefined}
      actions={
        <Button kind="ghost" icon="back" onClick={onClose}>
          All personas
        </Button>
      }
      wide
    >
      <div className="editor">
        <fieldset disabled={!mayManage}>
          <legend className="for-readers">Persona</legend>
          <Form submit={stored ? 'Save' : 'Create'} fieldOf={{ persona_conflict: 'persona_key' }} onSubmit={save}>
            <Basics draft={draft} set={set} keyValue={key} isStored={stored !== undefined || persona !== undefined} />
            <Prompts draft={draft} set={set} />
            <ModelFields draft={draft} set={set} />
            <ToolFields draft={draft} set={set} />
            <SkillFields draft={draft} set={set} />
            <Limits draft={draft} set={set} />
          </Form>
        </fieldset>
        <Preview draft={draft} personaKey={key} stored={stored} />
      </div>
    </Page>
  );
}

type PartProps = { draft: Draft; set: (changes: Partial<Draft>) => void };

const Basics = ({ draft, set, keyValue, isStored }: PartProps & { keyValue: string; isStored: boolean }) => (
  <>
    <TextField
      label="Name"
      name="display_name"
      value={draft.display_name}
      onChange={({ currentTarget }) => set({ display_name: currentTarget.value })}
      placeholder="Release notes"
      required
    />
    <div className="in-a-row">
      <TextField
        label="Key"
        name="persona_key"
        value={keyValue}
        onChange={({ currentTarget }) => set({ persona_key: currentTarget.value })}
        hint="Programs use this name. It cannot be changed later."
        readOnly={isStored}
        required
      />
      <TextField
        label="Version"
        name="version"
        value={draft.version}
        onChange={({ currentTarget }) => set({ version: currentTarget.value })}
        readOnly={isStored}
        required
      />
    </div>
    <TextField
      label="Description"
      name="description"
      value={draft.description}
      onChange={({ currentTarget }) => set({ description: currentTarget.value })}
      placeholder="What it is good for"
    />
    <Checkbox
      label="Offer in chats"
      hint="Shows it in the list below the message field."
      name="user_selectable"
      checked={draft.user_selectable}
      onChange={({ currentTarget }) => set({ user_selectable: currentTarget.checked })}
    />
  </>
);

const Prompts = ({ draft, set }: PartProps) => (
  <Section title="Prompt">
    <TextArea
      label="System prompt"
      name="prompt_md"
      rows={10}
      value={draft.prompt_md}
      onChange={({ currentTarget }) => set({ prompt_md: currentTarget.value })}
      placeholder="You write release notes for developers. …"
      hint="What it does and how, in Markdown."
      required
    />
    <TextArea
      label="Character"
      name="soul_md"
      rows={4}
      value={draft.soul_md}
      onChange={({ currentTarget }) => set({ soul_md: currentTarget.value })}
      hint="Optional. Who it is and how it talks. Comes before the system prompt."
    />
  </Section>
);

const reasoningModes: readonly { value: Draft['reasoning_mode']; label: string }[] = [
  { value: 'auto', label: 'Automatic' },
  { value: 'none', label: 'Off' },
  { value: 'minimal', label: 'Minimal' },
  { value: 'low', label: 'Low' },
  { value: 'medium', label: 'Medium' },
  { value: 'high', label: 'High' },
  { value: 'xhigh', label: 'Very high' },
];

/** Other names that the API accepts and stores. */
const synonyms: Partial<Record<Draft['reasoning_mode'], Draft['reasoning_mode']>> = { enabled: 'medium', disabled: 'none' };

function ModelFields({ draft, set }: PartProps) {
  const providers = useProviders().data ?? [];
  const options = [
    { value: '', label: 'Default of the workspace' },
    ...providers.map(({ name, models }) => ({
      label: name,
      options: models.map(({ model }) => ({ value: `${name}^${model}`, label: model })),
    })),
  ];
  const isListed =
    draft.model === '' || providers.some(({ name, models }) => models.some(({ model }) => `${name}^${model}` === draft.model));
  return (
    <Section title="Model">
      <div className="in-a-row">
        <Select
          label="Model"
          name="model"
          value={draft.model}
          options={isListed ? options : [...options, { value: draft.model, label: draft.model }]}
          onChange={(model) => set({ model })}
        />
        <Select
          label="Reasoning"
          name="reasoning_mode"
          value={synonyms[draft.reasoning_mode] ?? draft.reasoning_mode}
          options={reasoningModes}
          onChange={(reasoning_mode) => set({ reasoning_mode })}
        />
      </div>
      <Checkbox
        label="Show its reasoning"
        name="stream_thinking"
        checked={draft.stream_thinking}
        onChange={({ currentTarget }) => set({ stream_thinking: currentTarget.checked })}
      />
    </Section>
  );
}

const ToolFields = ({ draft, set }: PartProps) => (
  <Section title="Tools">
    <TextField
      label="Allowed tools"
      name="tool_allowlist"
      value={draft.tool_allowlist}
      onChange={({ currentTarget }) => set({ tool_allowlist: currentTarget.value })}
      placeholder="web_search, web_fetch"
      hint="Tools or groups, such as web_search or mcp__files. Empty means all, except sub-agents: name the group subagents to allow them."
    />
    <TextField
      label="Denied tools"
      name="tool_denylist"
      value={draft.tool_denylist}
      onChange={({ currentTarget }) => set({ tool_denylist: currentTarget.value })}
    />
  </Section>
);

/** Names that the persona lists stay selectable, also without a skill. */
function SkillFields({ draft: { skills: chosen }, set }: PartProps) {
  const { data } = useQuery({ queryKey: ['skills', 'all'], queryFn: () => listChoices((query) => client.skills.list({ query })) });
  const [listed] = useState(chosen);
  const names = [...new Set([...(data ?? []).map(({ name }) => name), ...listed])].sort();
  if (names.length === 0) return null;
  const turn = (name: string, isOn: boolean) => set({ skills: isOn ? [...chosen, name] : chosen.filter((each) => each !== name) });
  return (
    <FieldSet label="Skills" name="skills" hint="What the persona can load. None checked means all of the workspace.">
      {names.map((name) => (
        <Checkbox
          key={name}
          label={name}
          hint={data?.find((skill) => skill.name === name)?.description ?? 'There is no skill of this name.'}
          checked={chosen.includes(name)}
          onChange={({ currentTarget }) => turn(name, currentTarget.checked)}
        />
      ))}
    </FieldSet>
  );
}

const limits = [
  ['reasoning_iterations', 'Model calls', 1, 1],
  ['max_output_tokens', 'Tokens of one answer', 1, 1],
  ['max_cost', 'Cost in US dollars', 0.000001, 0.000001],
  ['temperature', 'Temperature', 0, 0.1],
] as const;

const Limits = ({ draft, set }: PartProps) => (
  <Section title="Limits of a run">
    <div className="in-a-row">
      {limits.map(([name, label, min, step]) => (
        <TextField
          key={name}
          label={label}
          name={name === 'max_cost' ? 'budgets.max_cost_micros' : `budgets.${name}`}
          type="number"
          min={min}
          max={name === 'temperature' ? 2 : undefined}
          step={step === 1 ? 1 : 'any'}
          placeholder={name === 'temperature' ? 'Default' : 'None'}
          value={draft[name]}
          onChange={({ currentTarget }) => set({ [name]: currentTarget.value })}
        />
      ))}
    </div>
  </Section>
);
