import { type ReactNode, useEffect, useId, useRef, useState } from 'react';
import type { ToolCallPart } from '../../../../../../client/react/index.ts';
import { duration } from '../../../components/format.tsx';
import { Scrolling } from '../../../components/scrolling.tsx';
import { Icon, type IconName } from '../../../ui/icons.tsx';
import type { ActivityPart } from './steps.ts';
import { isBad, isFinished, textOf } from './toolNames.ts';
import { Value } from './value.tsx';

type ActivityProps = { parts: readonly ActivityPart[]; isGrowing: boolean };

/** What the agent did between two texts, as one line; the thoughts and calls on demand. */
export function Activity({ parts, isGrowing }: ActivityProps) {
  const [only] = parts;
  if (parts.length === 1 && only?.type === 'tool') return <ToolCall call={only} isFramed />;
  if (parts.length === 1 && only?.type === 'thinking') return <Thinking text={only.text} ms={spanOf(parts)} isGrowing={isGrowing} />;
  return <Group parts={parts} isGrowing={isGrowing} />;
}

type DisclosureProps = {
  icon: IconName;
  summary: ReactNode;
  children: ReactNode;
  isActive?: boolean;
  /** Until the user opens or closes it. */
  isOpenAtFirst?: boolean;
  className?: string;
};

/** A line that opens to show more. The content is rendered only while it is open. */
function Disclosure({ icon, summary, children, isActive = false, isOpenAtFirst = false, className = '' }: DisclosureProps) {
  const [chosen, setChosen] = useState<boolean>();
  const isOpen = chosen ?? isOpenAtFirst;
  const id = useId();
  return (
    <div className={`step ${className}`}>
      <button
        type="button"
        className={isActive ? 'step-line at-work' : 'step-line'}
        aria-expanded={isOpen}
        aria-controls={isOpen ? id : undefined}
        onClick={() => setChosen(!isOpen)}
      >
        <Icon name={icon} />
        {summary}
        <Icon name="open" />
      </button>
      {isOpen && (
        <div className="step-more" id={id}>
          {children}
        </div>
      )}
    </div>
  );
}

function Group({ parts, isGrowing }: ActivityProps) {
  const calls = parts.filter((part) => part.type === 'tool');
  const failed = calls.filter(isBad).length;
  const last = parts.at(-1)!;
  const isActive = calls.some((call) => !isFinished(call)) || (isGrowing && last.type === 'thinking');
  const running = calls.findLast((call) => !isFinished(call));
  const current = running ? textOf(running) : { icon: 'thought' as const, text: 'Thinking', brief: '' };
  const used = calls.length === 0 ? 'Thought' : calls.length === 1 ? 'Used 1 tool' : `Used ${calls.length} tools`;
  return (
    <Disclosure
      className="framed"
      isActive={isActive}
      icon={isActive ? current.icon : 'tool'}
      summary={
        isActive ? (
          <Line text={`${current.text}…`} brief={current.brief} />
        ) : (
          <>
            <Line text={used} brief="" />
            {failed > 0 && <span className="step-bad">{failed} failed</span>}
            <span className="step-time">{duration(spanOf(parts))}</span>
          </>
        )
      }
    >
      <ol className="step-list">
        {parts.map((part, at) => (
          <li key={part.key}>
            {part.type === 'tool' ? (
              <ToolCall call={part} />
            ) : (
              <Thinking text={part.text} ms={spanOf([part])} isGrowing={isGrowing && at === parts.length - 1} />
            )}
          </li>
        ))}
      </ol>
    </Disclosure>
  );
}

const Line = ({ text, brief }: { text: string; brief: string }) => (
  <span className="step-text">
    <span className="step-name">{text}</span>
    {brief && <span className="step-brief">{brief}</span>}
  </span>
);

/** Thoughts are open while they are written, in a box of fixed height that follows their end, and close when something follows. */
function Thinking({ text, ms, isGrowing }: { text: string; ms: number; isGrowing: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (isGrowing && box.current) box.current.scrollTop = box.current.scrollHeight;
    // oxlint-disable-next-line react/exhaustive-effect-dependencies -- runs again when the text grows
  }, [text, isGrowing]);
  return (
    <Disclosure
      className="thinking"
      icon="thought"
      isActive={isGrowing}
      isOpenAtFirst={isGrowing}
      summary={<Line text={isGrowing ? 'Thinking…' : thoughtFor(ms)} brief="" />}
    >
      <Scrolling className="thoughts" ref={box}>
        {text}
      </Scrolling>
    </Disclosure>
  );
}

const thoughtFor = (ms: number) =>
  ms < 1_000 ? 'Thought for a moment' : `Thought for ${duration(Math.round(ms / 1_000) * 1_000).replace('.0', '')}`;

function ToolCall({ call, isFramed = false }: { call: ToolCallPart; isFramed?: boolean }) {
  const { icon, text, brief } = textOf(call);
  const { state, durationMs, error, result, arguments: args, argumentsText } = call;
  const hasArguments = args === undefined ? argumentsText !== '' : Object.keys(args).length > 0;
  const isActive = !isFinished(call);
  return (
    <Disclosure
      className={isFramed ? 'tool framed' : 'tool'}
      icon={isBad(call) ? 'warning' : icon}
      isActive={isActive}
      summary={
        <>
          <Line text={isActive ? `${text}…` : text} brief={brief} />
          {isBad(call) && <span className="step-bad">{state}</span>}
          {durationMs !== undefined && <span className="step-time">{duration(durationMs)}</span>}
        </>
      }
    >
      <div className="tool-facts">
        {error && (
          <p className="step-error">
            {error.message} <span className="mono">{error.error_class}</span>
          </p>
        )}
        {call.name && <p className="step-tool mono">{call.name}</p>}
        {hasArguments && <Value title="Arguments" value={args ?? argumentsText} />}
        {result !== undefined && <Value title="Result" value={result} />}
      </div>
    </Disclosure>
  );
}

/** Milliseconds from the first event of the parts to the last. */
function spanOf(parts: readonly ActivityPart[]): number {
  const starts = parts.map(({ startedAt }) => Date.parse(startedAt));
  const ends = parts.map(({ endedAt }) => Date.parse(endedAt));
  return Math.max(0, Math.max(...ends) - Math.min(...starts));
}
