import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useDeferredValue, useState } from 'react';
import { ApiError, type Schedule } from '../../../../../client/index.ts';
import { timeZoneOptions } from '../../components/forms/timeZone.tsx';
import { messageOf } from '../../components/states.tsx';
import { timeZone } from '../../components/timeZone.ts';
import { FormDialog } from '../../resource/dialogs.tsx';
import { instantOf, TimeField } from '../../resource/values.tsx';
import { client } from '../../session.ts';
import { Combobox } from '../../ui/combobox.tsx';
import { Segments, TextArea, TextField } from '../../ui/fields.tsx';
import { textOf } from '../../ui/form.tsx';
import { Select } from '../../ui/select.tsx';
import { patternName, patterns, timeIn } from './times.ts';

type Repeats = 'repeats' | 'once';
type ScheduleFormProps = { schedule?: Schedule; onClose: () => void };

const missedOptions = [
  { value: 'run_once', label: 'Run the last one' },
  { value: 'run_all', label: 'Run up to 10 of them, one after the other' },
  { value: 'skip', label: 'Skip them' },
] as const;
const overlapOptions = [
  { value: 'skip', label: 'Skip it' },
  { value: 'queue', label: 'Let it wait' },
] as const;

/** Creates or edits a schedule. */
export function ScheduleForm({ schedule, onClose }: ScheduleFormProps) {
  const [repeats, choose] = useState<Repeats>(schedule?.cron === null ? 'once' : 'repeats');
  const [cron, setCron] = useState(schedule?.cron ?? '0 9 * * 1-5');
  const [isOwn, setOwn] = useState(patternName(cron) === undefined);
  const [timezone, setTimezone] = useState(schedule?.timezone ?? timeZone());
  const personas = useQuery({ queryKey: ['personas', 'selectable'], queryFn: () => client.personas.selectable(), staleTime: 60_000 });
  const save = (values: FormData) => {
    const runAt = instantOf(values, 'run_at', timezone);
    const body = {
      name: textOf(values, 'name'),
      input: textOf(values, 'input'),
      persona_id: textOf(values, 'persona_id') || null,
      missed: textOf(values, 'missed') as Schedule['missed'],
      overlap: textOf(values, 'overlap') as Schedule['overlap'],
      timezone,
      ...(repeats === 'repeats' ? { cron } : runAt !== undefined && { run_at: runAt }),
    };
    return schedule ? client.schedules.update({ params: { schedule_id: schedule.id }, body }) : client.schedules.create({ body });
  };
  const chosen = schedule?.persona_id;
  return (
    <FormDialog
      title={schedule ? 'Edit schedule' : 'New schedule'}
      submit={schedule ? 'Save' : 'Create'}
      changes={[['schedules']]}
      done={schedule ? 'Schedule saved' : 'Schedule created'}
      fieldOf={{ time_in_past: 'run_at' }}
      onClose={onClose}
      onSubmit={save}
    >
      <TextField label="Name" name="name" defaultValue={schedule?.name} maxLength={200} required />
      <TextArea
        label="Message"
        name="input"
        rows={3}
        defaultValue={schedule?.input}
        hint="What you would write to the agent. Each run answers it in a new chat."
        maxLength={20_000}
        required
      />
      {(personas.data?.length ?? 0) > 0 && (
        <Select
          label="Persona"
          name="persona_id"
          defaultValue={chosen ?? ''}
          options={[
            { value: '', label: 'Default persona' },
            ...personas.data!.map(({ persona_key: value, selector_name, display_name }) => ({
              value,
              label: selector_name ?? display_name,
            })),
            ...(chosen && !personas.data!.some(({ persona_key: key }) => key === chosen) ? [{ value: chosen, label: chosen }] : []),
          ]}
        />
      )}
      <Segments
        label="Times"
        value={repeats}
        onChange={choose}
        options={[
          ['repeats', 'Repeats'],
          ['once', 'Once'],
        ]}
      />
      {repeats === 'once' ? (
        <TimeField label="Time" name="run_at" initial={schedule?.run_at ?? null} zone={timezone} required />
      ) : (
        <>
          <Select
            label="Pattern"
            value={isOwn ? '' : cron}
            onChange={(value) => {
              setOwn(value === '');
              if (value) setCron(value);
            }}
            options={[...patterns, { value: '', label: 'Your own' }]}
          />
          {isOwn && (
            <TextField
              label="Cron pattern"
              name="cron"
              value={cron}
              onChange={({ target }) => setCron(target.value)}
              hint="Minute, hour, day of the month, month, day of the week."
              spellCheck={false}
              autoComplete="off"
              required
            />
          )}
        </>
      )}
      <Combobox
        label="Time zone"
        name="timezone"
        value={timezone}
        onChange={setTimezone}
        options={timeZoneOptions(timezone)}
        search="Search time zones…"
      />
      {repeats === 'repeats' && <Preview cron={cron} timezone={timezone} />}
      <Select label="If times were missed" name="missed" defaultValue={schedule?.missed ?? 'run_once'} options={missedOptions} />
      <Select
        label="If the previous run is still active"
        name="overlap"
        defaultValue={schedule?.overlap ?? 'skip'}
        options={overlapOptions}
      />
    </FormDialog>
  );
}

/** What is wrong with a pattern. The messages of issues continue the name of the value. */
function explain(error: Error): string {
  const issue = error instanceof ApiError ? error.issues[0] : undefined;
  return issue ? `The pattern ${issue.message}.` : messageOf(error);
}

/** The next times of a pattern, as the server computes them. */
function Preview(given: { cron: string; timezone: string }) {
  const [cron, timezone] = [useDeferredValue(given.cron.trim()), useDeferredValue(given.timezone)];
  const preview = useQuery({
    queryKey: ['schedules', 'preview', cron, timezone],
    queryFn: () => client.schedules.preview({ query: { cron, timezone } }),
    enabled: cron.split(/\s/).length >= 5,
    placeholderData: keepPreviousData,
    retry: false,
    staleTime: 30_000,
  });
  return (
    <div className="field" aria-live="polite">
      <strong className="small">Next times</strong>
      {preview.error ? (
        <span className="hint">{explain(preview.error)}</span>
      ) : (
        <ol className="small muted">
          {preview.data?.times.map((at) => (
            <li key={at}>
              <time dateTime={at}>{timeIn(at, timezone)}</time>
            </li>
          ))}
        </ol>
      )}
    </div>
  );
}
