import { type ReactNode, useEffect, useState } from 'react';
import type { Message } from '../../../../../client/index.ts';
import { type RunPart, type UsedRun, useRun } from '../../../../../client/react/index.ts';
import { Details, ErrorNotice, ProviderMessage } from '../../components/states.tsx';
import { Button, CopyButton, IconButton } from '../../ui/buttons.tsx';
import { Icon } from '../../ui/icons.tsx';
import { RetryNotice } from '../retryNotice.tsx';
import { Attachments } from './attachments.tsx';
import { Question } from './question.tsx';
import { isKeyRejected, RejectedKey } from './rejectedKey.tsx';
import { Steps } from './steps.tsx';

export type Progress = {
  isAnswering: boolean;
  /** Id of the incomplete message that this answer continues; it is shown as the beginning of the answer. */
  continues: string | undefined;
  stop(): Promise<void>;
};

type AnswerProps = {
  runId: string;
  /** The stored message; undefined until the run has one. */
  message: Message | undefined;
  /** Returns the text of a message of the thread. */
  contentOf: (messageId: string) => string | undefined;
  /** Follow the run immediately, and not only when the user asks for its steps. */
  isLive: boolean;
  /** Set for the newest answer only. */
  onProgress?: ((progress: Progress) => void) | undefined;
  onRetry?: (() => void) | undefined;
  onContinue?: (() => void) | undefined;
  onDetails: () => void;
  /** At the end of the footer. */
  footer?: ReactNode;
};

/** An answer of the agent, while it streams and afterwards. */
export function Answer({ runId, message, contentOf, isLive, onProgress, onRetry, onContinue, onDetails, footer }: AnswerProps) {
  // The steps of the newest answer are shown without being asked for; those of earlier ones would cost a stream each.
  const isNewest = onProgress !== undefined;
  const [wantsSteps, setWantsSteps] = useState(false);
  // They stay when a newer answer follows.
  if (!wantsSteps && (isLive || isNewest)) setWantsSteps(true);
  const run = useRun(wantsSteps ? runId : undefined);
  const { stop } = run;
  const isWorking = isLive && !run.ended && run.error === undefined;
  // If the run ended without a message, the message that it continued is unchanged.
  const continues = isWorking || run.messageId !== undefined ? run.continuesMessageId : undefined;
  useEffect(() => onProgress?.({ isAnswering: isWorking, continues, stop }), [isWorking, continues, stop, onProgress]);

  const isFollowed = isLive || (wantsSteps && run.ended);
  const before = continues === undefined ? '' : textBefore(run.text, message, contentOf(continues));
  const parts: readonly RunPart[] = isFollowed && (run.parts.length > 0 || !message) ? withTextBefore(before, run.parts) : textOf(message);
  return (
    <article className="answer" aria-label="Answer" aria-busy={isWorking}>
      <Steps parts={parts} isWorking={isWorking} />
      {message?.content_json && <Attachments parts={message.content_json.parts} />}
      {isWorking && run.retry && <RetryNotice retry={run.retry} />}
      {isWorking && !run.question && !run.retry && <ActivityIndicator run={run} after={parts.at(-1)?.type} />}
      {run.question && <Question key={run.question.request_id} question={run.question} onAnswer={run.reply} onDecline={run.decline} />}
      {isLive && <RunEnd run={run} isKept={message !== undefined} onContinue={onContinue} onRetry={onRetry} />}
      {!isLive && message && message.completion !== 'complete' && (
        <div className="notice">
          <span>{message.completion === 'stopped' ? 'This answer was stopped.' : 'This answer failed before it was complete.'}</span>
        </div>
      )}
      {!isWorking && (
        <footer className="under">
          <CopyButton text={message ? wordsOf(message) : run.text} label="Copy the answer" />
          {onRetry && <IconButton small label="Answer again" icon="retry" onClick={onRetry} />}
          <IconButton small label="Show the events" icon="timeline" onClick={onDetails} />
          {!isFollowed && !isNewest && (
            <button type="button" className="link small" onClick={() => setWantsSteps(true)} disabled={wantsSteps}>
              {wantsSteps ? 'Loading the steps…' : 'Show the steps'}
            </button>
          )}
          {footer}
        </footer>
      )}
    </article>
  );
}

/** The text before that of a continuing run. Once the run has a message, that message contains both. */
function textBefore(text: string, message: Message | undefined, continued: string | undefined): string {
  if (!message) return continued ?? '';
  const whole = wordsOf(message);
  return whole.endsWith(text) ? whole.slice(0, whole.length - text.length) : '';
}

function withTextBefore(before: string, parts: readonly RunPart[]): readonly RunPart[] {
  const [first, ...others] = parts;
  if (before === '') return parts;
  return first?.type === 'text'
    ? [{ ...first, text: before + first.text }, ...others]
    : [{ type: 'text', key: -1, text: before, startedAt: '', endedAt: '' }, ...parts];
}

/** The text of a message, without the names of its images. */
const wordsOf = ({ content, content_json: structured }: Message): string =>
  structured ? structured.parts.map((part) => (part.type === 'text' ? part.text : '')).join('') : content;

const textOf = (message: Message | undefined): RunPart[] =>
  message ? [{ type: 'text', key: 0, text: wordsOf(message), startedAt: message.created_at, endedAt: message.created_at }] : [];

/** Activity indicator. Hidden below streaming text, where it would move with the text. */
function ActivityIndicator({ run: { status, connection }, after }: { run: UsedRun; after: RunPart['type'] | undefined }) {
  const text =
    connection === 'reconnecting'
      ? 'Connection lost. Reconnecting…'
      : status === 'cancelling'
        ? 'Stopping…'
        : after === undefined
          ? 'Waiting for the model…'
          : '';
  if (text === '' && (after === 'text' || after === 'thinking')) return null;
  return (
    <output className="working">
      <span className="dots" aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
      {text}
    </output>
  );
}

type EndingProps = { run: UsedRun; isKept: boolean; onContinue: (() => void) | undefined; onRetry: (() => void) | undefined };

/** Shows why a run ended without a complete answer. Only a run that wrote or did something can be continued. */
function RunEnd({ run: { status, failure, error, parts, providerId }, isKept, onContinue: goOn, onRetry }: EndingProps) {
  const onContinue = isKept || parts.some(({ type }) => type === 'text' || type === 'tool') ? goOn : undefined;
  if (error !== undefined) return <ErrorNotice error={error} retry={() => location.reload()} />;
  if (status === 'cancelled')
    return (
      <div className="notice">
        <span>You stopped this answer.</span>
        {onContinue && (
          <Button kind="ghost" onClick={onContinue}>
            Continue
          </Button>
        )}
      </div>
    );
  if (!failure) return null;
  return (
    <div className="notice danger" role="alert">
      <Icon name="warning" />
      <div>
        {failure.error_class.startsWith('provider.') ? <ProviderMessage>{failure.message}</ProviderMessage> : <p>{failure.message}</p>}
        {isKeyRejected(failure) && providerId !== undefined && <RejectedKey providerId={providerId} />}
        <Details>{`${failure.error_class} · trace ${failure.trace_id}`}</Details>
      </div>
      {(failure.resumable || isKept) && onContinue && (
        <Button kind="ghost" onClick={onContinue}>
          Continue
        </Button>
      )}
      {onRetry && (
        <Button kind="ghost" icon="retry" onClick={onRetry}>
          Try again
        </Button>
      )}
    </div>
  );
}
