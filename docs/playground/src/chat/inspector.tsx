import { useQuery } from '@tanstack/react-query';
import { memo, useState } from 'react';
import type { Run } from '../../../../client/index.ts';
import { count, duration } from '../components/format.tsx';
import { ErrorNotice, Loading } from '../components/states.tsx';
import { client } from '../session.ts';
import { Badge, CopyButton } from '../ui/buttons.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { type Line, useTimeline } from './events.ts';
import { Value } from './message/steps.tsx';

/** The events, usage and cost of a run. */
export function Inspector({ runId, onClose }: { runId: string; onClose: () => void }) {
  const { lines, error } = useTimeline(runId);
  const last = lines.at(-1)?.last.type;
  const run = useQuery({
    queryKey: ['run', runId, last?.startsWith('run.') ? last : ''],
    queryFn: () => client.runs.get({ params: { run_id: runId } }),
  });
  const start = lines[0] ? Date.parse(lines[0].first.created_at) : 0;
  return (
    <Dialog title="Run" onClose={onClose} side>
      {run.data && <Facts run={run.data} />}
      {error !== undefined && <ErrorNotice error={error} />}
      {lines.length === 0 && error === undefined && <Loading />}
      <ol className="timeline">
        {lines.map((line) => (
          <TimelineLine key={line.first.seq} line={line} start={start} />
        ))}
      </ol>
    </Dialog>
  );
}

const tones = { completed: 'good', failed: 'danger', cancelled: 'warning' } as const;

function Facts({ run }: { run: Run }) {
  const rows: [name: string, value: string | undefined][] = [
    ['Model', run.model ?? undefined],
    ['Persona', run.persona_id ?? undefined],
    ['Duration', run.duration_ms === null ? undefined : duration(run.duration_ms)],
    [
      'Tokens',
      run.total_input_tokens === null ? undefined : `${count(run.total_input_tokens)} in · ${count(run.total_output_tokens ?? 0)} out`,
    ],
    ['Cost', run.total_cost_usd === null ? undefined : `$${run.total_cost_usd}${run.usage_estimated ? ' (estimated)' : ''}`],
    ['Error', run.error?.error_class],
  ];
  return (
    <dl className="facts">
      <dt>Status</dt>
      <dd>
        <Badge tone={tones[run.status as keyof typeof tones] ?? 'accent'}>{run.status.replaceAll('_', ' ')}</Badge>
      </dd>
      {rows.map(
        ([name, value]) =>
          value !== undefined && (
            <div className="fact" key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ),
      )}
      <IdField name="Run" value={run.run_id} />
      <IdField name="Trace" value={run.trace_id} />
    </dl>
  );
}

const IdField = ({ name, value }: { name: string; value: string }) => (
  <div className="fact">
    <dt>{name}</dt>
    <dd className="handle">
      <span className="mono">{value}</span>
      <CopyButton text={value} label={`Copy the ${name.toLowerCase()} ID`} />
    </dd>
  </div>
);

const TimelineLine = memo(({ line, start }: { line: Line; start: number }) => {
  const [isOpen, setOpen] = useState(false);
  const { first, last, pieces, characters } = line;
  const { trace_id: _, ...data }: Record<string, unknown> = { ...first.data };
  return (
    <li>
      <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
        <summary>
          <span className="number">{pieces > 1 ? `${first.seq}–${last.seq}` : first.seq}</span>
          <span className={`mono ${toneOf(first.type)}`}>{first.type}</span>
          <span className="muted small">{pieces > 1 ? `${count(characters)} characters` : briefOf(data)}</span>
          <span className="muted small number">+{duration(Date.parse(first.created_at) - start)}</span>
        </summary>
        {isOpen && <Value title={pieces > 1 ? 'First event' : 'Data'} value={data} />}
      </details>
    </li>
  );
});

const toneOf = (type: string) =>
  /failed|denied|retry|detected/.test(type) ? 'is-bad' : type.endsWith('completed') ? 'is-good' : type.startsWith('tool.') ? 'is-tool' : '';

/** The most informative value of an event. */
const briefOf = (data: Record<string, unknown>): string =>
  String(data.tool_name ?? data.model ?? data.error_class ?? data.reason ?? data.source ?? data.message ?? '').slice(0, 60);
