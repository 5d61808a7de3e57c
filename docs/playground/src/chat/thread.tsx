import { useCallback, useEffect, useEffectEvent, useState } from 'react';
import { ApiError, type Message } from '../../../../client/index.ts';
import { useArkloop } from '../../../../client/react/index.ts';
import { useTitle } from '../components/page.tsx';
import { More } from '../components/paging.tsx';
import { Empty, ErrorNotice, Loading } from '../components/states.tsx';
import { Bar } from '../shell/bar.tsx';
import { useShortcut } from '../shell/shortcuts.ts';
import { titleOf } from '../shell/threads.tsx';
import { Button, IconButton } from '../ui/buttons.tsx';
import { Composer } from './composer.tsx';
import { useConversation } from './conversation.ts';
import { Inspector } from './inspector.tsx';
import { Answer, type Progress } from './message/answer.tsx';
import { Choices, lastChoice, runOf } from './message/choices.tsx';
import { UserMessage } from './message/userMessage.tsx';
import { takeStartMark } from './pendingStart.ts';
import { useStickyScroll } from './stickyScroll.ts';

/** The page of a thread: transcript, running answer and composer. */
export function Conversation({ threadId }: { threadId: string }) {
  const talk = useConversation(threadId);
  const { thread, messages, runs, runId, isLive, add, start, retry, goOn, edit } = talk;
  const [progress, setProgress] = useState<Progress>();
  const [inspected, setInspected] = useState<string>();
  const [choice, setChoice] = useState(lastChoice);
  const { scroller, content, isAtEnd, toEnd } = useStickyScroll();
  const client = useArkloop();
  const title = thread.data ? titleOf(thread.data) : '';
  useTitle(title || 'Chat');
  useShortcut('details', () => runId && setInspected(runId));

  const startFirst = useEffectEvent(() => start.mutate(runOf(choice)));
  useEffect(() => {
    if (takeStartMark(threadId)) startFirst();
  }, [threadId]);

  const isAnswering = isLive && progress?.isAnswering === true;
  const { mutateAsync: sendEdit } = edit;
  const onEdit = useCallback((message: Message, text: string) => sendEdit({ message, text }), [sendEdit]);
  if (thread.error instanceof ApiError && thread.error.status === 404)
    return (
      <>
        <Bar title="" />
        <Empty title="Chat not found">It was deleted, or you do not have access to it.</Empty>
      </>
    );

  const all = messages.data ?? [];
  const rows = all.filter(({ id }) => id !== progress?.continues);
  const contentOf = (id: string) => all.find((row) => row.id === id)?.content;
  const isAnswered = rows.some((row) => row.run_id === runId);
  const answer = (id: string, message: Message | undefined) => {
    const isNewest = id === runId;
    const canAct = isNewest && !isAnswering;
    return (
      <Answer
        key={id}
        runId={id}
        message={message}
        contentOf={contentOf}
        isLive={isNewest && isLive}
        onProgress={isNewest ? setProgress : undefined}
        onRetry={canAct ? () => retry.mutate() : undefined}
        onContinue={canAct ? () => goOn.mutate(id) : undefined}
        onDetails={() => setInspected(id)}
      />
    );
  };
  const shown = rows.map((row) =>
    row.role === 'user' ? (
      <UserMessage key={row.id} message={row} onEdit={isAnswering ? undefined : onEdit} />
    ) : (
      answer(row.run_id ?? row.id, row)
    ),
  );
  // The run could not start, or a run started elsewhere ended without an answer.
  const isUnanswered = runs.isSuccess && start.isIdle && !isLive && rows.at(-1)?.role === 'user';
  // In the same list as the messages, so that React keeps the element when the answer becomes a message.
  if (runId && !isAnswered && isLive && messages.data) shown.push(answer(runId, undefined));
  return (
    <>
      <Bar title={title}>
        {runId && <IconButton label="Show the events of the last run" icon="timeline" onClick={() => setInspected(runId)} />}
      </Bar>
      <div className="transcript" ref={scroller}>
        <div className="column" ref={content}>
          <More query={messages}>Earlier messages</More>
          {messages.error && <ErrorNotice error={messages.error} retry={() => void messages.refetch()} />}
          {messages.isLoading && <Loading />}
          {shown}
          {start.error && <ErrorNotice error={start.error} retry={() => start.mutate(runOf(choice))} />}
          {retry.error && <ErrorNotice error={retry.error} retry={() => retry.mutate()} />}
          {goOn.error && <ErrorNotice error={goOn.error} />}
          {isUnanswered && (
            <div>
              <Button icon="retry" onClick={() => start.mutate(runOf(choice))}>
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
        <Composer
          draftOf={threadId}
          placeholder={isAnswering ? 'Add to the running answer' : 'Reply'}
          isAnswering={isAnswering}
          onStop={progress?.stop}
          onSend={async (message) => {
            toEnd();
            if (isAnswering) await client.runs.input({ params: { run_id: runId! }, body: { content: message.content ?? '' } });
            else {
              await add.mutateAsync(message);
              start.mutate(runOf(choice));
            }
          }}
        >
          {!isAnswering && <Choices choice={choice} onChoose={setChoice} />}
        </Composer>
      </div>
      {inspected && <Inspector runId={inspected} onClose={() => setInspected(undefined)} />}
    </>
  );
}
