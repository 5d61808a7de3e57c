import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Run, RunEvent } from '../../../../../client/index.ts';
import { arkloopKeys, useMessages } from '../../../../../client/react/index.ts';
import { count, duration } from '../../components/format.tsx';
import { dollars } from '../../components/money.ts';
import { Empty, ErrorNotice, Loading } from '../../components/states.tsx';
import { client } from '../../session.ts';
import { Button, copyText, IconButton } from '../../ui/buttons.tsx';
import { TextField } from '../../ui/fields.tsx';
import { Menu, MenuItem, MenuSeparator } from '../../ui/menu.tsx';
import { Select } from '../../ui/select.tsx';
import { showToast } from '../../ui/toasts.tsx';
import { allRuns, useInspected } from './location.ts';
import { Pane } from './pane.tsx';
import { Replay } from './replay.tsx';
import { RunList } from './runList.tsx';
import { kindTexts, RunBadge } from './status.tsx';
import { StepDetails } from './stepDetails.tsx';
import type { Step, StepKind, StepStatus } from './trace.ts';
import { type Filter, noFilter, rowsOf, spanOf, type Totals } from './tree.ts';
import { useChildren, useNow, useTrace } from './useTrace.ts';
import { FailureNotice } from './values.tsx';
import { Waterfall } from './waterfall.tsx';

/** The runs of a thread, and the steps of one of them. */
export default function Inspector({ threadId }: { threadId: string }) {
  const { runId, inspect, close } = useInspected();
  if (runId === undefined) return null;
  return runId === allRuns ? (
    <Pane title="Runs" onClose={close}>
      <RunList threadId={threadId} onOpen={inspect} />
    </Pane>
  ) : (
    <RunPane key={runId} runId={runId} threadId={threadId} />
  );
}

function RunPane({ runId, threadId }: { runId: string; threadId: string }) {
  const { stepId, inspect, select, close } = useInspected();
  const { events, promptMessageId, error, ...trace } = useTrace(runId);
  const root = trace.steps[0];
  const childCount = events.filter(({ type }) => type === 'subagent.started').length;
  const isLive = root?.status === 'running' && error === undefined;
  const run = useQuery({
    // Retrieved again when the run begins to wait, goes on, starts a child run, or ends.
    queryKey: ['run', runId, root?.status, trace.steps.findLast(({ kind }) => kind === 'wait')?.status, childCount],
    queryFn: () => client.runs.get({ params: { run_id: runId } }),
    placeholderData: (before) => before,
  });
  const steps = useChildren(trace.steps, run.data?.child_run_ids ?? []);
  const now = useNow(isLive);
  const messages = useMessages(threadId).data;
  const messageOf = (id: string) => messages?.find((message) => message.id === id)?.content;
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [filter, setFilter] = useState(noFilter);
  const [replayed, setReplayed] = useState<Step>();

  const rows = rowsOf(steps, closed, filter);
  const all = rowsOf(steps, new Set(), noFilter);
  const selected = all.find(({ step }) => step.id === stepId);
  const isChild = selected !== undefined && selected.step.runId !== runId;
  const toggle = (id: string) =>
    setClosed((before) => (before.has(id) ? new Set([...before].filter((each) => each !== id)) : new Set([...before, id])));
  const replay = promptMessageId === undefined ? undefined : setReplayed;
  return (
    <Pane
      title="Run"
      onClose={close}
      actions={
        <>
          {run.data && <RunBadge status={run.data.status} />}
          <span className="inspector-space" />
          <Button kind="ghost" small icon="back" onClick={() => inspect(allRuns)}>
            All runs
          </Button>
          {root && <RunMenu run={run.data} root={root} events={events} threadId={threadId} onReplay={replay && (() => replay(root))} />}
        </>
      }
    >
      {error !== undefined && <ErrorNotice error={error} />}
      {!root && error === undefined && <Loading />}
      {root && (
        <div className="inspector-body run-view">
          <Summary totals={all[0]!.totals} steps={steps} span={spanOf(steps.slice(0, 1), now)} run={run.data} />
          <Toolbar filter={filter} onFilter={setFilter} />
          <div className="waterfall-frame">
            {rows.length === 0 ? (
              <Empty
                title="No step matches"
                action={
                  <Button kind="ghost" onClick={() => setFilter(noFilter)}>
                    Clear the filter
                  </Button>
                }
              />
            ) : (
              <Waterfall rows={rows} span={spanOf(steps, now)} closed={closed} selected={stepId} onSelect={select} onToggle={toggle} />
            )}
          </div>
          {selected && (
            <StepDetails
              step={selected.step}
              totals={selected.totals}
              start={root.start}
              now={now}
              events={events}
              messageOf={messageOf}
              onReplay={isChild ? undefined : replay && (() => replay(selected.step))}
              onOpenRun={isChild ? () => inspect(selected.step.runId) : undefined}
              onClose={() => {
                select(undefined);
                requestAnimationFrame(() => document.querySelector<HTMLElement>('.waterfall [tabindex="0"]')?.focus());
              }}
            />
          )}
        </div>
      )}
      {replayed && root && promptMessageId !== undefined && (
        <Replay
          threadId={threadId}
          steps={trace.steps}
          step={replayed}
          promptMessageId={promptMessageId}
          prompt={messageOf(promptMessageId)}
          onClose={() => setReplayed(undefined)}
        />
      )}
    </Pane>
  );
}

type SummaryProps = { totals: Totals; steps: readonly Step[]; span: { start: number; end: number }; run: Run | undefined };

function Summary({ totals, steps, span, run }: SummaryProps) {
  const ofKind = (kind: StepKind) => steps.filter((step) => step.kind === kind);
  const failed = ofKind('tool').filter(({ status }) => status === 'failed' || status === 'denied').length;
  const isEstimated = run?.usage_estimated ?? totals.isEstimated;
  const figures: [name: string, value: string, more?: string][] = [
    ['Duration', duration(span.end - span.start)],
    ['Tokens', count(totals.input + totals.output), `${count(totals.input)} in, ${count(totals.output)} out`],
    ['Cost', totals.hasCost ? dollars(totals.costMicros / 1e6) : '–', isEstimated ? 'estimated' : undefined].filter(
      (part) => part !== undefined,
    ) as [string, string, string?],
    ['Model calls', count(ofKind('model').length)],
    ['Tools', count(ofKind('tool').length), ...(failed > 0 ? [`${failed} failed`] : [])] as [string, string, string?],
  ];
  return (
    <>
      <dl className="run-figures">
        {figures.map(([name, value, more]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              {value}
              {more && <small>{more}</small>}
            </dd>
          </div>
        ))}
      </dl>
      {run?.error && <FailureNotice error={run.error} />}
    </>
  );
}

const kinds: readonly (StepKind | '')[] = ['', 'model', 'tool', 'wait', 'setup', 'note'];
const statuses: readonly [value: StepStatus | '', label: string][] = [
  ['', 'Any status'],
  ['done', 'Done'],
  ['failed', 'Failed or denied'],
  ['running', 'Running'],
  ['stopped', 'Stopped'],
];

const Toolbar = ({ filter, onFilter }: { filter: Filter; onFilter: (filter: Filter) => void }) => (
  <search className="inspector-toolbar" aria-label="Steps">
    <TextField
      label="Search the steps"
      hideLabel
      type="search"
      placeholder="Search names, inputs, outputs"
      value={filter.text}
      onChange={({ currentTarget }) => onFilter({ ...filter, text: currentTarget.value })}
    />
    <Select
      label="Kind"
      hideLabel
      compact
      value={filter.kind ?? ''}
      options={kinds.map((value) => ({ value, label: value === '' ? 'All steps' : `${kindTexts[value]}s` }))}
      onChange={(kind) => onFilter({ ...filter, kind: kind === '' ? undefined : kind })}
    />
    <Select
      label="Status"
      hideLabel
      compact
      value={filter.status ?? ''}
      options={statuses.map(([value, label]) => ({ value, label }))}
      onChange={(status) => onFilter({ ...filter, status: status === '' ? undefined : status })}
    />
  </search>
);

type RunMenuProps = { run: Run | undefined; root: Step; events: readonly RunEvent[]; threadId: string; onReplay: (() => void) | undefined };

function RunMenu({ run, root, events, threadId, onReplay }: RunMenuProps) {
  const queries = useQueryClient();
  const { inspect } = useInspected();
  const copy = (text: string, what: string) =>
    void copyText(text).then((isDone) => isDone && showToast(`${what} copied`, { tone: 'good' }));
  const goOn = async () => {
    try {
      const { run_id } = await client.runs.continue({ params: { thread_id: threadId }, body: { run_id: root.runId } });
      await queries.invalidateQueries({ queryKey: arkloopKeys.threads() });
      inspect(run_id);
    } catch (error) {
      showToast(error instanceof Error ? error.message : String(error), { tone: 'danger' });
    }
  };
  const canGoOn = run?.status === 'failed' || run?.status === 'cancelled';
  return (
    <Menu label="Actions for the run" trigger={<IconButton small icon="more" label="More actions for the run" />}>
      <MenuItem icon="copy" onSelect={() => copy(`${location.origin}/chat/${threadId}?run=${root.runId}`, 'Link')}>
        Copy a link to this run
      </MenuItem>
      {onReplay && (
        <MenuItem icon="retry" onSelect={onReplay}>
          Replay in a copy…
        </MenuItem>
      )}
      {canGoOn && (
        <MenuItem icon="open" onSelect={() => void goOn()}>
          Continue after the last complete turn
        </MenuItem>
      )}
      <MenuSeparator />
      <MenuItem icon="down" onSelect={() => save(events, root.runId)}>
        Download the events
      </MenuItem>
      <MenuItem icon="copy" onSelect={() => copy(root.runId, 'Run ID')}>
        Copy the run ID
      </MenuItem>
      {run && (
        <MenuItem icon="copy" onSelect={() => copy(run.trace_id, 'Trace ID')}>
          Copy the trace ID
        </MenuItem>
      )}
    </Menu>
  );
}

function save(events: readonly RunEvent[], runId: string) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([JSON.stringify(events, null, 2)], { type: 'application/json' }));
  link.download = `run-${runId}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href));
}
