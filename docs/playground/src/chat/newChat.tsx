import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import { arkloopKeys } from '../../../../client/react/index.ts';
import { useTitle } from '../parts/page.tsx';
import { useProviders } from '../providers.ts';
import { client, queries } from '../session.ts';
import { Bar } from '../shell/bar.tsx';
import { Choices, lastChoice } from './choices.tsx';
import { Composer } from './composer.tsx';
import { handOver } from './handOver.ts';

/** The beginning of a conversation. */
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
            There is no model yet, so the built-in stub answers. <Link href="/settings/models">Add a model</Link>
          </p>
        )}
        <Composer
          draftOf="new"
          placeholder="Write to the agent"
          isAnswering={false}
          onSend={async (message) => {
            const { id: thread_id } = await client.threads.create();
            await client.messages.create({ params: { thread_id }, body: message });
            handOver(thread_id);
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
