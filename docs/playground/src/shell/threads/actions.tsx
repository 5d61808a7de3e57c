import type { Thread } from '../../../../../client/index.ts';
import { useMe } from '../../me.ts';
import { Button } from '../../ui/buttons.tsx';
import { setArchived } from './mutations.ts';
import { ThreadMenu } from './row.tsx';
import { openTask } from './tasks.ts';

/** The actions in the header of a thread's page. */
export function ThreadActions({ thread }: { thread: Thread }) {
  const me = useMe().data;
  const mayChange = thread.created_by_user_id === me?.id && me?.permissions.includes('data.threads.write');
  return (
    <>
      {mayChange && thread.archived_at && (
        <Button kind="ghost" icon="archive" onClick={() => void setArchived([thread], false)}>
          Unarchive
        </Button>
      )}
      {mayChange && (
        <Button kind="ghost" icon="share" onClick={() => openTask({ kind: 'share', thread })}>
          <span className="wide-only">Share</span>
        </Button>
      )}
      <ThreadMenu thread={thread} />
    </>
  );
}
