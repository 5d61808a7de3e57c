import { lazy, Suspense, useCallback, useDeferredValue, useEffect, useEffectEvent, useState } from 'react';
import { ApiError, type Message } from '../../../../client/index.ts';
import { useArkloop } from '../../../../client/react/index.ts';
import { useTitle } from '../components/page.tsx';
import { More } from '../components/paging.tsx';
import { Empty, ErrorNotice, Loading } from '../components/states.tsx';
import { Bar } from '../shell/bar.tsx';
import { useShortcut } from '../shell/shortcuts.ts';
import { titleOf } from '../shell/threads.tsx';
import { ThreadActions } from '../shell/threads/actions.tsx';
import { Button, ButtonLink, IconButton } from '../ui/buttons.tsx';
import { AnswerFacts, RetryWithModel } from './answerFacts.tsx';
import { Composer } from './composer/composer.tsx';
import { OfflineNotice, QueuedMessages, useOutbox } from './composer/outbox.tsx';
import { useConversation } from './conversation.ts';
import { useInspected } from './inspector/location.ts';
import { Answer, type Progress } from './message/answer.tsx';
import { DocumentPanel } from './message/documentPanel.tsx';
import { UserMessage } from './message/userMessage.tsx';
import { takeStartMark } from './pendingStart.ts';
import { EarlierRows, useStickyScroll } from './stickyScroll.ts';
import { unansweredRuns, versionsOf, VersionSwitcher } from './versions.tsx';

const none: readonly Message[] = [];

const Inspector = lazy(() => import('./inspector/inspector.tsx'));

/** The page of a thread: transcript, running answer and composer. */
export function Conversation({ threadId }: { threadId: string }) {
  const talk = useConversation(threadId);
  const { thread, messages, runs, usage, runId, isLive, choice, choose, add, start, retry, goOn, edit } = talk;
  const [progress, setProgress] = useState<Progress>();
  const { runId: inspected, inspect } = useInspected();
  const { scroller, content, isAtEnd, toEnd } = useStickyScroll();
  /** Earlier versions of answers that are shown instead of the newest, by the run of the newest. */
  const [earlier, setEarlier] = useState<ReadonlyMap<string, number>>(new Map());
  const client = useArkloop();
  const title = thread.data ? titleOf(thread.data) : '';
  useTitle(title || 'Chat');
  useShortcut('details', () => runId && inspect(runId));

  const startFirst = useEffectEvent(() => start.mutate());
  useEffect(() => {
    if (takeStartMark(threadId)) startFirst();
  }, [threadId]);

  const isAnswering = isLive && progress?.isAnswering === true;
  const outbox = useOutbox(threadId, async (queued, onSent) => {
    for (const item of queued) {
      const { content } = item.message;
      if (isAnswering && content !== undefined)
        await client.runs.input({ params: { run_id: runId! }, body: { content, input_key: item.id } });
      else await add.mutateAsync(item);
      onSent(item.id);
    }
    if (!isAnswering) start.mutate();
  });
  const { mutateAsync: sendEdit } = edit;
  const onEdit = useCallback((message: Message, text: string) => sendEdit({ message, text }), [sendEdit]);
  // Rendering 50 answers takes long; meanwhile the page reacts.
  const all = useDeferredValue(messages.data ?? none, none);
  // The button disappears with the messages that replace it.
  const hasNextPage = useDeferredValue(messages.hasNextPage);
  if (thread.error instanceof ApiError && thread.error.status === 404)
    return (
      <>
        <Bar title="" />
        <div className="column">
          <Empty title="Chat not found" action={<ButtonLink href="/">New chat</ButtonLink>}>
            It was deleted, or you do not have access to it.
          </Empty>
        </div>
      </>
    );

  const rows = all.filter(({ id }) => id !== progress?.continues);
  const contentOf = (id: string) => all.find((row) => row.id === id)?.content;
  const isAnswered = rows.some((row) => row.run_id === runId);
  const questions = new Set(rows.flatMap(({ role, id }) => (role === 'user' ? [id] : [])));
  const allVersions = versionsOf(runs.data ?? [], (id) => questions.has(id));
  const answer = (id: string, message: Message | undefined) => {
    const isNewest = id === runId;
    const canAct = isNewest && !isAnswering;
    const versions = allVersions.get(id) ?? [];
    const last = versions.length - 1;
    const shown = Math.min(earlier.get(id) ?? last, last);
    const switcher = versions.length > 1 && !(isNewest && isAnswering) && (
      <VersionSwitcher shown={shown} count={versions.length} onShow={(version) => setEarlier((all) => new Map(all).set(id, version))} />
    );
    const factsOf = (run: string) => <AnswerFacts run={usage.data?.find(({ run_id }) => run_id === run)} />;
    if (shown < last) {
      const runIds = versions[shown]!;
      return runIds.map((run) => (
        <Answer
          key={run}
          runId={run}
          message={undefined}
          contentOf={contentOf}
          isLive
          onDetails={() => inspect(run)}
          footer={
            run === runIds.at(-1) && (
              <>
                {switcher}
                {factsOf(run)}
                <span className="answer-facts">An earlier version: the chat goes on from the newest.</span>
              </>
            )
          }
        />
      ));
    }
    return (
      <Answer
        key={id}
        runId={id}
        message={message}
        contentOf={contentOf}
        isLive={isNewest ? isLive : message === undefined}
        onProgress={isNewest ? setProgress : undefined}
        onRetry={canAct ? () => retry.mutate(undefined) : undefined}
        onContinue={canAct ? () => goOn.mutate(id) : undefined}
        onDetails={() => inspect(id)}
        footer={
          <>
            {canAct && <RetryWithModel onRetry={(route_id) => retry.mutate(route_id)} />}
            {switcher}
            {factsOf(id)}
          </>
        }
      />
    );
  };
  const unanswered = unansweredRuns(runs.data ?? [], (id) => rows.some((row) => row.run_id === id));
  const shown = rows.flatMap((row, at) => {
    if (row.role !== 'user') return [answer(row.run_id ?? row.id, row)];
    const message = <UserMessage key={row.id} message={row} onEdit={isAnswering ? undefined : onEdit} />;
    // Why the answer is missing stays visible after the next message. That of the newest run is below.
    const failed = rows[at + 1]?.role === 'user' ? unanswered.get(row.id) : undefined;
    return failed === undefined || failed === runId ? [message] : [message, answer(failed, undefined)];
  });
  const isEmpty = messages.data?.length === 0 && outbox.list.length === 0;
  // The run could not start, or a run started elsewhere ended without an answer.
  const isUnanswered = runs.isSuccess && start.isIdle && !isLive && messages.data?.at(-1)?.role === 'user';
  // In the same list as the messages, so that React keeps the element when the answer becomes a message.
  if (runId && !isAnswered && isLive && all !== none) shown.push(answer(runId, undefined));
  return (
    <>
      <Bar title={title}>
        {thread.data && <ThreadActions thread={thread.data} />}
        {runId && <IconButton label="Show the events of the last run" icon="timeline" onClick={() => inspect(runId)} />}
      </Bar>
      <div className="transcript" ref={scroller}>
        <div className="column" ref={content}>
          <More query={{ ...messages, hasNextPage }}>Earlier messages</More>
          {messages.error && !messages.isFetchNextPageError && <ErrorNotice error={messages.error} retry={() => messages.refetch()} />}
          {all === none && !messages.error && <Loading />}
          {isEmpty && <Empty title="No messages yet">Write the first one below, or begin with a suggestion.</Empty>}
          <EarlierRows first={all[0]?.id}>{shown}</EarlierRows>
          <QueuedMessages outbox={outbox} />
          {start.error && <ErrorNotice error={start.error} retry={() => start.mutate()} />}
          {retry.error && <ErrorNotice error={retry.error} retry={() => retry.mutate(retry.variables)} />}
          {goOn.error && <ErrorNotice error={goOn.error} />}
          {isUnanswered && (
            <div>
              <Button icon="retry" onClick={() => start.mutate()}>
                Answer this
              </Button>
            </div>
          )}
        </div>
      </div>
      <div className="foot">
        {!isAtEnd && (
          <Button kind="secondary" icon="down" onClick={toEnd}>
            Jump to latest
          </Button>
        )}
        <OfflineNotice outbox={outbox} />
        <Composer
          draftOf={threadId}
          placeholder={isAnswering ? 'Add to the running answer' : isEmpty ? 'Write to the agent' : 'Reply'}
          isAnswering={isAnswering}
          hasStarters={isEmpty}
          choice={choice}
          onChoose={choose}
          onStop={progress?.stop}
          onSend={async (message) => {
            toEnd();
            await outbox.send(message);
            toEnd();
          }}
        />
      </div>
      <DocumentPanel />
      {inspected && (
        <Suspense fallback={null}>
          <Inspector threadId={threadId} />
        </Suspense>
      )}
    </>
  );
}
