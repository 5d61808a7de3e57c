import { useEffect, useState } from 'react';
import type { Message } from '../../../../client/index.ts';
import { type RunPart, type UsedRun, useRun } from '../../../../client/react/index.ts';
import { Button, CopyButton, IconButton } from '../parts/buttons.tsx';
import { ErrorNotice } from '../parts/states.tsx';
import { Question } from './question.tsx';
import { Step } from './steps.tsx';

/** How an answer stands, for what is around it. */
export type Progress = {
  isAnswering: boolean;
  /** The incomplete message that is shown as the beginning of this answer. */
  continues: string | undefined;
  stop(): Promise<void>;
};

type AnswerProps = {
  runId: string;
  /** What it became, once it has. */
  message: Message | undefined;
  /** The text of a message of the thread. */
  contentOf: (messageId: string) => string | undefined;
  /** Whether it is followed from the start, and not only when somebody wants to see its steps. */
  isLive: boolean;
  /** Told of the newest answer only. */
  onProgress?: ((progress: Progress) => void) | undefined;
  onRetry?: (() => void) | undefined;
  onContinue?: (() => void) | undefined;
  onDetails: () => void;
};

/** An answer of the agent, while it is written and afterwards. */
export function Answer({ runId, message, contentOf, isLive, onProgress, onRetry, onContinue, onDetails }: AnswerProps) {
  const [wantsSteps, setWantsSteps] = useState(isLive);
  const run = useRun(isLive || wantsSteps ? runId : undefined);
  const { stop } = run;
  const isWorking = isLive && !run.ended && run.error === undefined;
  // A run that ended without a message has left the one before it as it was.
  const continues = isWorking || run.messageId !== undefined ? run.continuesMessageId : undefined;
  useEffect(() => onProgress?.({ isAnswering: isWorking, continues, stop }), [isWorking, continues, stop, onProgress]);

  const isFollowed = isLive || (wantsSteps && run.ended);
  const before = continues === undefined ? '' : textBefore(run.text, message, contentOf(continues));
  const parts: readonly RunPart[] = isFollowed && (run.parts.length > 0 || !message) ? withTextBefore(before, run.parts) : textOf(message);
  return (
    <article className="answer" aria-label="Answer" aria-busy={isWorking}>
      {parts.map((part, at) => (
        <Step key={part.key} part={part} isGrowing={isWorking && at === parts.length - 1} isLive={isLive} />
      ))}
      {isWorking && !run.question && <AtWork run={run} after={parts.at(-1)?.type} />}
      {run.question && <Question key={run.question.request_id} question={run.question} onAnswer={run.reply} />}
      {isLive && <Ending run={run} isKept={message !== undefined} onContinue={onContinue} onRetry={onRetry} />}
      {!isLive && message && message.completion !== 'complete' && (
        <div className="notice">
          <span>{message.completion === 'stopped' ? 'This answer was stopped.' : 'This answer failed before it was complete.'}</span>
        </div>
      )}
      {!isWorking && (
        <footer className="under">
          <CopyButton text={message?.content ?? run.text} label="Copy the answer" />
          {onRetry && <IconButton small label="Answer again" icon="retry" onClick={onRetry} />}
          <IconButton small label="Show the events" icon="timeline" onClick={onDetails} />
          {!isFollowed && (
            <button type="button" className="link small" onClick={() => setWantsSteps(true)} disabled={wantsSteps}>
              {wantsSteps ? 'Loading the steps…' : 'Show the steps'}
            </button>
          )}
        </footer>
      )}
    </article>
  );
}

/** What stood before the text of a run that continues a message: its own message has both, as soon as it is there. */
function textBefore(text: string, message: Message | undefined, continued: string | undefined): string {
  if (!message) return continued ?? '';
  return message.content.endsWith(text) ? message.content.slice(0, message.content.length - text.length) : '';
}

function withTextBefore(before: string, parts: readonly RunPart[]): readonly RunPart[] {
  const [first, ...others] = parts;
  if (before === '') return parts;
  return first?.type === 'text'
    ? [{ ...first, text: before + first.text }, ...others]
    : [{ type: 'text', key: -1, text: before }, ...parts];
}

const textOf = (message: Message | undefined): RunPart[] => (message ? [{ type: 'text', key: 0, text: message.content }] : []);

/** Says that something is going on, where nothing that grows shows it: below a growing text it would be pushed along. */
function AtWork({ run: { status, connection }, after }: { run: UsedRun; after: RunPart['type'] | undefined }) {
  const text =
    connection === 'reconnecting'
      ? 'The connection is lost; trying again…'
      : status === 'cancelling'
        ? 'Stopping…'
        : after === undefined
          ? 'Waiting for the model…'
          : '';
  if (text === '' && (after === 'text' || after === 'thinking')) return null;
  return (
    <p className="working" role="status">
      <span className="dots" aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
      {text}
    </p>
  );
}

type EndingProps = { run: UsedRun; isKept: boolean; onContinue: (() => void) | undefined; onRetry: (() => void) | undefined };

/** How a run ended that did not become an answer. */
function Ending({ run: { status, failure, error }, isKept, onContinue, onRetry }: EndingProps) {
  if (error !== undefined) return <ErrorNotice error={error} retry={() => location.reload()} />;
  if (status === 'cancelled')
    return (
      <div className="notice">
        <span>You stopped this answer.</span>
        {onContinue && (
          <Button kind="quiet" onClick={onContinue}>
            Go on with it
          </Button>
        )}
      </div>
    );
  if (!failure) return null;
  return (
    <div className="notice danger" role="alert">
      <div>
        {failure.message}
        <span className="trace">
          {failure.error_class} · trace {failure.trace_id}
        </span>
      </div>
      {(failure.resumable || isKept) && onContinue && (
        <Button kind="quiet" onClick={onContinue}>
          Go on with it
        </Button>
      )}
      {onRetry && (
        <Button kind="quiet" icon="retry" onClick={onRetry}>
          Try again
        </Button>
      )}
    </div>
  );
}
