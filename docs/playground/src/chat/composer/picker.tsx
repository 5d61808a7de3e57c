import { useQuery } from '@tanstack/react-query';
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

/** One button for persona and model. Hidden if there is nothing to choose. */
export function Picker({ choice, onChoose, onClosed }: PickerProps) {
  const personas = useQuery({ queryKey: ['personas', 'selectable'], queryFn: () => client.personas.selectable(), staleTime: 60_000 });
  const models = useModels();
  const selectable = personas.data ?? [];
  if (selectable.length === 0 && models.length === 0) return null;

  const persona = selectable.find(({ persona_key }) => persona_key === choice.persona);
  const model = models.find(({ id }) => id === choice.model);
  const names = [
    selectable.length > 0 && (persona ? nameOf(persona) : 'Default persona'),
    models.length > 0 && (model?.name ?? 'Default model'),
  ];
  const text = names.filter(Boolean).join(' · ');
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
      onClosed={onClosed}
      trigger={
        <button type="button" className="pick" aria-label={`Persona and model: ${text}`}>
          <span>{text}</span>
          <Icon name="chevronDown" />
        </button>
      }
    >
      {(close) => {
        const item = (kind: keyof Choice, value: string, name: string, description?: string | null) => (
          <CommandItem
            key={value}
            value={`${kind} ${name} ${value}`}
            keywords={description ? [description] : []}
            onSelect={() => {
              choose({ [kind]: value });
              close();
            }}
            hint={value === ((kind === 'persona' ? persona?.persona_key : model?.id) ?? '') && <Icon name="check" />}
          >
            {name}
            {description && <span className="menu-description">{description}</span>}
          </CommandItem>
        );
        return (
          <Command label="Personas and models" placeholder="Search personas and models…">
            {selectable.length > 0 && (
              <CommandGroup label="Persona">
                {item('persona', '', 'Default persona', 'The persona that the server uses')}
                {selectable.map((each) => item('persona', each.persona_key, nameOf(each), each.description))}
              </CommandGroup>
            )}
            {models.length > 0 && (
              <CommandGroup label="Model">
                {item('model', '', 'Default model', 'The model of the persona, else of the account')}
                {models.map(({ id, name, provider }) => item('model', id, name, provider))}
              </CommandGroup>
            )}
          </Command>
        );
      }}
    </Popover>
  );
}
