import { Fragment, type ReactNode, useEffect, useRef } from 'react';
import type { RunEvent } from '../../../../../client/index.ts';
import { count, duration, ExactTime } from '../../components/format.tsx';
import { dollars } from '../../components/money.ts';
import { Button, CopyButton, IconButton } from '../../ui/buttons.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { RawEvents } from './rawEvents.tsx';
import { kindTexts, StepBadge, stepName } from './status.tsx';
import type { Step } from './trace.ts';
import type { Totals } from './tree.ts';
import { Json, StepError } from './values.tsx';

type StepDetailsProps = {
  step: Step;
  totals: Totals;
  /** Start of the run. */
  start: number;
  now: number;
  events: readonly RunEvent[];
  /** The text of a message of the thread, if it is loaded. */
  messageOf: (id: string) => string | undefined;
  onReplay: (() => void) | undefined;
  /** Set for the steps of a child run. */
  onOpenRun: (() => void) | undefined;
  onClose: () => void;
};

/** Input, output, figures and events of one step. */
export function StepDetails({ step, totals, start, now, events, messageOf, onReplay, onOpenRun, onClose }: StepDetailsProps) {
  const section = useRef<HTMLElement>(null);
  useEffect(() => {
    // In a sheet the details take the place of the tree, which had the focus.
    if (section.current?.closest('[role="dialog"]')) section.current.focus();
    // oxlint-disable-next-line react/exhaustive-effect-dependencies -- runs again for another step
  }, [step.id]);
  return (
    <section className="step-details" aria-label={`${kindTexts[step.kind]}: ${stepName(step)}`} ref={section} tabIndex={-1}>
      <header>
        <h3>{stepName(step)}</h3>
        <StepBadge status={step.status} />
        <span className="step-actions">
          <CopyButton text={location.href} label="Copy a link to this step" />
          {onOpenRun && (
            <Button kind="ghost" small icon="open" onClick={onOpenRun}>
              Open its run
            </Button>
          )}
          {onReplay && (
            <Button kind="ghost" small icon="retry" onClick={onReplay}>
              Replay
            </Button>
          )}
          <IconButton small label="Close the step" icon="close" onClick={onClose} />
        </span>
      </header>
      <Tabs
        // A step keeps its own tab: another one opens with its output.
        key={step.id}
        label="Parts of the step"
        defaultValue={step.output === undefined && step.error === undefined && step.input !== undefined ? 'input' : 'output'}
        tabs={[
          { value: 'input', label: 'Input', content: <Input step={step} messageOf={messageOf} /> },
          { value: 'output', label: 'Output', content: <Output step={step} /> },
          { value: 'figures', label: 'Figures', content: <Figures step={step} totals={totals} start={start} now={now} /> },
          {
            value: 'events',
            label: 'Events',
            content: onOpenRun ? (
              <Nothing>The events of a child run are shown when its run is open.</Nothing>
            ) : (
              <RawEvents events={events} from={step.firstSeq} to={step.end === undefined ? Infinity : step.lastSeq} />
            ),
          },
        ]}
      />
    </section>
  );
}

const Nothing = ({ children }: { children: string }) => <p className="muted">{children}</p>;

function Input({ step, messageOf }: { step: Step; messageOf: (id: string) => string | undefined }) {
  const { input, kind } = step;
  if (input === undefined || (Array.isArray(input) && input.length === 0)) return <Nothing>This step has no input of its own.</Nothing>;
  if (kind !== 'model' || !Array.isArray(input)) return <Json title={kind === 'model' ? 'Request' : 'Input'} value={input} />;
  return (
    <>
      {(input as NewInput[]).map((part, at) => (
        // oxlint-disable-next-line react/no-array-index-key -- parts are only appended
        <InputPart key={at} part={part} messageOf={messageOf} />
      ))}
      <p className="muted small">
        This is what was new to the model in this call. Whole requests are recorded only if the server runs with{' '}
        <code>ARKLOOP_LLM_DEBUG_EVENTS=1</code>.
      </p>
    </>
  );
}

/** What a model call reads that the one before did not. */
type NewInput = { message_id?: string; user?: string; tool_name?: string; result?: unknown; error?: unknown };

function InputPart({ part, messageOf }: { part: NewInput; messageOf: (id: string) => string | undefined }) {
  if (part.message_id !== undefined) {
    const text = messageOf(part.message_id);
    return text === undefined ? (
      <Json title="Messages of the thread, up to" value={part.message_id} />
    ) : (
      <Json title="Your message, after those before it" value={text} />
    );
  }
  if (part.user !== undefined) return <Json title="Message during the run" value={part.user} />;
  return <Json title={`Result of ${part.tool_name}`} value={part.error ?? part.result ?? null} />;
}

function Output({ step }: { step: Step }) {
  const { output, reasoning, error, status } = step;
  const called = output as
    | { text?: string; tool_calls?: readonly { tool_call_id: string; tool_name: string; arguments: unknown }[] }
    | undefined;
  const isModel = step.kind === 'model' && typeof output === 'object' && output !== null;
  return (
    <>
      {error && <StepError error={error} />}
      {reasoning && <Json title="Reasoning" value={reasoning} />}
      {isModel ? (
        <>
          {called?.text && <Json title="Text" value={called.text} />}
          {called?.tool_calls?.map((call) => (
            <Json key={call.tool_call_id} title={`Calls ${call.tool_name}`} value={call.arguments} />
          ))}
        </>
      ) : (
        output !== undefined && output !== '' && <Json title={step.kind === 'model' ? 'Text' : 'Output'} value={output} />
      )}
      {(output === undefined || output === '') && !error && !reasoning && (
        <Nothing>
          {status === 'running' ? 'Nothing yet. It appears here while the step runs.' : 'This step has no output of its own.'}
        </Nothing>
      )}
    </>
  );
}

function Figures({ step, totals, start, now }: { step: Step; totals: Totals; start: number; now: number }) {
  const { usage, firstTokenAt } = step;
  const lasted = (step.end ?? now) - step.start;
  const generating = firstTokenAt === undefined || step.end === undefined ? 0 : step.end - firstTokenAt;
  const cached = (usage?.cached_tokens ?? 0) + (usage?.cache_read_input_tokens ?? 0);
  const rows: [name: string, value: ReactNode][] = [
    ['Kind', kindTexts[step.kind]],
    [
      'Started',
      <Fragment key="started">
        <ExactTime at={new Date(step.start).toISOString()} /> (+{duration(step.start - start)})
      </Fragment>,
    ],
    ['Duration', step.kind !== 'note' && duration(lasted)],
    ['First token after', firstTokenAt !== undefined && duration(firstTokenAt - step.start)],
    [
      'Speed',
      generating > 50 &&
        Boolean(usage?.output_tokens) &&
        `${count(Math.round(usage!.output_tokens! / (generating / 1_000)))} tokens per second`,
    ],
    ['Input tokens', totals.input > 0 && count(totals.input)],
    ['From the cache', cached > 0 && count(cached)],
    ['Output tokens', totals.output > 0 && count(totals.output)],
    ['Cost', totals.hasCost && `${dollars(totals.costMicros / 1e6)}${totals.isEstimated ? ' (estimated)' : ''}`],
    ['Events', step.firstSeq === step.lastSeq ? String(step.firstSeq) : `${step.firstSeq}–${step.lastSeq}`],
  ];
  return (
    <dl className="figures">
      {rows.map(
        ([name, value]) =>
          value && (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ),
      )}
    </dl>
  );
}
