import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { NewRun, SelectablePersona } from '../../../../../client/index.ts';
import { useProviders } from '../../providers.ts';
import { client } from '../../session.ts';
import { Command, CommandGroup, CommandItem } from '../../ui/command.tsx';
import { Icon } from '../../ui/icons.tsx';
import { Popover } from '../../ui/popover.tsx';

/** Persona key and model id of a run. An empty string selects the server's default. */
export type Choice = { persona: string; model: string };

/** The last choice, from `localStorage`. */
export const lastChoice = (): Choice => ({
  persona: localStorage.getItem('arkloop.persona') ?? '',
  model: localStorage.getItem('arkloop.model') ?? '',
});

export const runOf = ({ persona, model }: Choice): NewRun => ({ persona_id: persona || undefined, route_id: model || undefined });

export type ModelOption = { id: string; name: string; provider: string };

/** The models that a picker offers. */
export const useModels = (): ModelOption[] =>
  (useProviders().data ?? []).flatMap(({ name: provider, models }) =>
    models.filter(({ show_in_picker }) => show_in_picker).map(({ id, model }) => ({ id, name: model, provider })),
  );

const nameOf = ({ selector_name, display_name }: SelectablePersona) => selector_name ?? display_name;

type PickerProps = {
  choice: Choice;
  onChoose: (choice: Choice) => void;
  /** Called when the list has closed. */
  onClosed: () => void;
};

type Option = { value: string; name: string; description?: string | null };

const defaultPersona: Option = { value: '', name: 'Default persona', description: 'The persona that the server uses' };
const defaultModel: Option = { value: '', name: 'Default model', description: 'The model of the persona, else of the workspace' };

/** One button for persona and model. Hidden if there is nothing to choose. */
export function Picker({ choice, onChoose, onClosed }: PickerProps) {
  const [search, setSearch] = useState('');
  const selectable = useQuery({ queryKey: ['personas', 'selectable'], queryFn: () => client.personas.selectable(), staleTime: 60_000 });
  const personas = (selectable.data ?? []).map((each) => ({
    value: each.persona_key,
    name: nameOf(each),
    description: each.description,
  }));
  const models = useModels().map(({ id, name, provider }) => ({ value: id, name, description: provider }));
  if (personas.length === 0 && models.length === 0) return null;

  const chosen = {
    persona: personas.find(({ value }) => value === choice.persona) ?? defaultPersona,
    model: models.find(({ value }) => value === choice.model) ?? defaultModel,
  };
  const text = [...(personas.length > 0 ? [chosen.persona.name] : []), ...(models.length > 0 ? [chosen.model.name] : [])].join(' · ');
  const words = search.toLowerCase().trim().split(/\s+/);
  const isFound = ({ name, description }: Option) => words.every((word) => `${name} ${description ?? ''}`.toLowerCase().includes(word));
  const groups = [
    { kind: 'persona', label: 'Persona', options: personas.length > 0 ? [defaultPersona, ...personas] : [] },
    { kind: 'model', label: 'Model', options: models.length > 0 ? [defaultModel, ...models] : [] },
  ] as const;
  const choose = (changes: Partial<Choice>) => {
    const next = { ...choice, ...changes };
    localStorage.setItem('arkloop.persona', next.persona);
    localStorage.setItem('arkloop.model', next.model);
    onChoose(next);
  };
  return (
    <Popover
      label="Persona and model"
      className="list picker"
      side="top"
      align="end"
      onClosed={() => {
        setSearch('');
        onClosed();
      }}
      trigger={
        <button type="button" className="pick" aria-label={`Persona and model: ${text}`}>
          <span>{text}</span>
          <Icon name="chevronDown" />
        </button>
      }
    >
      {(close) => (
        <Command label="Personas and models" placeholder="Search personas and models…" search={search} onSearch={setSearch} filter={false}>
          {groups
            .map((group) => ({ ...group, options: group.options.filter(isFound) }))
            .filter(({ options }) => options.length > 0)
            .map(({ kind, label, options }) => (
              <CommandGroup key={kind} label={label}>
                {options.map(({ value, name, description }) => (
                  <CommandItem
                    key={value}
                    value={`${kind} ${value}`}
                    onSelect={() => {
                      choose({ [kind]: value });
                      close();
                    }}
                    hint={value === chosen[kind].value && <Icon name="check" />}
                  >
                    {name}
                    {description && <span className="menu-description">{description}</span>}
                  </CommandItem>
                ))}
              </CommandGroup>
            ))}
        </Command>
      )}
    </Popover>
  );
}
