import { useState } from 'react';
import type { SelectablePersona } from '../../../../../client/index.ts';
import { Command, CommandGroup, CommandItem } from '../../ui/command.tsx';
import { Icon } from '../../ui/icons.tsx';
import { Popover } from '../../ui/popover.tsx';
import { type Choice, defaultModel, defaultPersonaKey, modelsOf } from './choice.ts';
import { useOffer } from './useChoice.ts';

const nameOf = ({ selector_name, display_name }: SelectablePersona) => selector_name ?? display_name;

type PickerProps = {
  /** Undefined until it is known. */
  choice: Choice | undefined;
  onChoose: (choice: Choice) => void;
  /** Called when the list has closed. */
  onClosed: () => void;
};

type Option = { value: string; name: string; description?: string | null };

/** The first option: what is used if nothing is chosen, by its name if that is known. */
const withDefault = (fallback: string, option: Option | undefined): Option =>
  option ? { ...option, value: '', name: `${option.name} (default)` } : { value: '', name: fallback };

/** One button for model and persona. Hidden if there is nothing to choose. */
export function Picker({ choice, onChoose, onClosed }: PickerProps) {
  const [search, setSearch] = useState('');
  const offer = useOffer();
  if (!offer || !choice) return null;
  const personas = offer.personas.map((each) => ({ value: each.persona_key, name: nameOf(each), description: each.description }));
  const models = modelsOf(offer.providers).map(({ id, name, provider }) => ({ value: id, name, description: provider }));
  if (personas.length === 0 && models.length === 0) return null;

  const usual = defaultModel(choice.persona, offer);
  const defaults = {
    persona: withDefault(
      'Default persona',
      personas.find(({ value }) => value === defaultPersonaKey),
    ),
    model: withDefault('Default model', usual && { value: usual.id, name: usual.name, description: usual.provider }),
  };
  const others = {
    persona: personas.filter(({ value }) => value !== defaultPersonaKey),
    model: models.filter(({ value }) => value !== usual?.id),
  };
  const chosen = {
    persona: others.persona.find(({ value }) => value === choice.persona) ?? defaults.persona,
    model: others.model.find(({ value }) => value === choice.model) ?? defaults.model,
  };
  const groups = [
    { kind: 'model', label: 'Model', options: models.length > 0 ? [defaults.model, ...others.model] : [] },
    { kind: 'persona', label: 'Persona', options: personas.length > 0 ? [defaults.persona, ...others.persona] : [] },
  ] as const;
  // The usual persona goes without saying beside a model.
  const named = groups.filter(
    ({ kind, options }) => options.length > 0 && (kind === 'model' || models.length === 0 || chosen.persona.value !== ''),
  );
  const text = named.map(({ kind }) => chosen[kind].name).join(' · ');
  const words = search.toLowerCase().trim().split(/\s+/);
  const isFound = ({ name, description }: Option) => words.every((word) => `${name} ${description ?? ''}`.toLowerCase().includes(word));
  return (
    <Popover
      label="Model and persona"
      className="list picker"
      side="top"
      align="end"
      onClosed={() => {
        setSearch('');
        onClosed();
      }}
      trigger={
        <button type="button" className="pick" aria-label={`Model and persona: ${text}`}>
          <span>{text}</span>
          <Icon name="chevronDown" />
        </button>
      }
    >
      {(close) => (
        <Command label="Models and personas" placeholder="Search models and personas…" search={search} onSearch={setSearch} filter={false}>
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
                      onChoose({ ...choice, [kind]: value });
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
