import { Link, useLocation } from 'wouter';
import { arkloopKeys } from '../../../../client/react/index.ts';
import { useTitle } from '../components/page.tsx';
import { useProviders } from '../providers.ts';
import { client, queries } from '../session.ts';
import { Bar } from '../shell/bar.tsx';
import { Composer } from './composer/composer.tsx';
import { OfflineNotice, QueuedMessages, useOutbox } from './composer/outbox.tsx';
import { moveRejected } from './composer/staged.tsx';
import { movePick, useChoice } from './composer/useChoice.ts';
import { markForStart } from './pendingStart.ts';

export function NewChat() {
  const [, navigate] = useLocation();
  const { choice, choose } = useChoice(undefined);
  const hasNoModel = useProviders().data?.every(({ models }) => models.length === 0) ?? false;
  const outbox = useOutbox('new', async (queued, onSent) => {
    const { id: thread_id } = await client.threads.create({}, { idempotencyKey: `thread of ${queued[0]?.id}` });
    for (const { id, message } of queued) {
      await client.messages.create({ params: { thread_id }, body: message }, { idempotencyKey: id });
      onSent(id);
    }
    moveRejected('new', thread_id);
    movePick(thread_id);
    markForStart(thread_id);
    navigate(`/chat/${thread_id}`);
    await queries.invalidateQueries({ queryKey: arkloopKeys.threads() });
  });
  useTitle('New chat');
  return (
    <>
      <Bar title="" />
      <div className="beginning">
        <h1>What shall we do?</h1>
        {hasNoModel && (
          <p className="muted hint">
            No model is set up yet, so answers are only placeholders. <Link href="/settings/models">Add a model</Link>
          </p>
        )}
        <QueuedMessages outbox={outbox} />
        <OfflineNotice outbox={outbox} />
        <Composer
          draftOf="new"
          placeholder="Write to the agent"
          isAnswering={false}
          hasStarters
          choice={choice}
          onChoose={choose}
          onSend={outbox.send}
        />
      </div>
    </>
  );
}
