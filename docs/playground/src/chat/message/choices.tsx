import { useQuery } from '@tanstack/react-query';
import type { NewRun } from '../../../../../client/index.ts';
import { useProviders } from '../../providers.ts';
import { client } from '../../session.ts';

/** Persona key and model id of a run. An empty string selects the server's default. */
export type Choice = { persona: string; model: string };

/** The last choice, from `localStorage`. */
export const lastChoice = (): Choice => ({
  persona: localStorage.getItem('arkloop.persona') ?? '',
  model: localStorage.getItem('arkloop.model') ?? '',
});

export const runOf = ({ persona, model }: Choice): NewRun => ({ persona_id: persona || undefined, route_id: model || undefined });

type ChoicesProps = { choice: Choice; onChoose: (choice: Choice) => void };

/** Selects for persona and model. A select without options is hidden. */
export function Choices({ choice, onChoose }: ChoicesProps) {
  const personas = useQuery({ queryKey: ['personas', 'selectable'], queryFn: () => client.personas.selectable(), staleTime: 60_000 });
  const providers = useProviders();
  const models = (providers.data ?? []).flatMap(({ name, models: inside }) =>
    inside.filter(({ show_in_picker }) => show_in_picker).map(({ id, model }) => ({ id, name: `${model} · ${name}` })),
  );
  const choose = (changes: Partial<Choice>) => {
    const next = { ...choice, ...changes };
    localStorage.setItem('arkloop.persona', next.persona);
    localStorage.setItem('arkloop.model', next.model);
    onChoose(next);
  };
  const selectable = (personas.data ?? []).map(({ persona_key, display_name }) => ({ id: persona_key, name: display_name }));
  return (
    <>
      <Pick label="Persona" none="Default persona" value={choice.persona} options={selectable} onPick={(persona) => choose({ persona })} />
      <Pick label="Model" none="Default model" value={choice.model} options={models} onPick={(model) => choose({ model })} />
    </>
  );
}

type PickProps = { label: string; none: string; value: string; options: { id: string; name: string }[]; onPick: (value: string) => void };

function Pick({ label, none, value, options, onPick }: PickProps) {
  if (options.length === 0) return null;
  return (
    <select
      className="pick"
      aria-label={label}
      value={options.some(({ id }) => id === value) ? value : ''}
      onChange={({ currentTarget }) => onPick(currentTarget.value)}
    >
      <option value="">{none}</option>
      {options.map(({ id, name }) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </select>
  );
}
