import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import { arkloopKeys } from '../../../../client/react/index.ts';
import { useTitle } from '../components/page.tsx';
import { useProviders } from '../providers.ts';
import { client, queries } from '../session.ts';
import { Bar } from '../shell/bar.tsx';
import { Composer } from './composer.tsx';
import { Choices, lastChoice } from './message/choices.tsx';
import { markForStart } from './pendingStart.ts';

export function NewChat() {
  const [, navigate] = useLocation();
  const [choice, setChoice] = useState(lastChoice);
  const hasNoModel = useProviders().data?.every(({ models }) => models.length === 0) ?? false;
  useTitle('New chat');
  return (
    <>
      <Bar title="" />
      <div className="beginning">
        <h1>What shall we do?</h1>
        {hasNoModel && (
          <p className="muted hint">
            No model is configured, so the built-in stub answers. <Link href="/settings/models">Add a model</Link>
          </p>
        )}
        <Composer
          draftOf="new"
          placeholder="Write to the agent"
          isAnswering={false}
          onSend={async (message) => {
            const { id: thread_id } = await client.threads.create();
            await client.messages.create({ params: { thread_id }, body: message });
            markForStart(thread_id);
            navigate(`/chat/${thread_id}`);
            await queries.invalidateQueries({ queryKey: arkloopKeys.threads() });
          }}
        >
          <Choices choice={choice} onChoose={setChoice} />
        </Composer>
      </div>
    </>
  );
}
