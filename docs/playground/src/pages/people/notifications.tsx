import type { Notification } from '../../../../../client/index.ts';
import { When } from '../../components/format.tsx';
import { Page } from '../../components/page.tsx';
import { More, usePages } from '../../components/paging.tsx';
import { Empty, QueryState } from '../../components/states.tsx';
import { useAction } from '../../resource/dialogs.tsx';
import { client } from '../../session.ts';
import { Badge, Button } from '../../ui/buttons.tsx';

const notificationsKey = ['notifications'];

/** What happened in the accounts of the user, and broadcasts of the platform. */
export default function Notifications() {
  const pages = usePages(notificationsKey, (page) => client.notifications.list({ query: page }));
  const notifications = pages.data?.pages.flatMap(({ data }) => data);
  const run = useAction();
  const readAll = notifications?.some(({ read_at }) => read_at === null) && (
    <Button icon="check" onClick={() => run(() => client.notifications.readAll({ body: {} }), 'All marked as read', notificationsKey)}>
      Mark all as read
    </Button>
  );
  return (
    <Page title="Notifications" intro="From all your workspaces, and from the operator of this server." actions={readAll}>
      <QueryState
        query={{ ...pages, data: notifications }}
        empty={
          <Empty title="Nothing new">
            Low credits, webhooks that were turned off, keys that expire soon, and announcements of the operator appear here.
          </Empty>
        }
      >
        {(rows) => (
          <ul className="notifications">
            {rows.map((notification) => (
              <Item key={notification.id} notification={notification} />
            ))}
          </ul>
        )}
      </QueryState>
      <More query={pages} />
    </Page>
  );
}

function Item({ notification: { id, title, body, read_at, created_at } }: { notification: Notification }) {
  const run = useAction();
  const read = () =>
    run(() => client.notifications.read({ params: { notification_id: id }, body: {} }), 'Marked as read', notificationsKey);
  return (
    <li>
      <div>
        <span className={read_at === null ? 'unread' : ''}>
          {title} {read_at === null && <Badge tone="accent">New</Badge>}
        </span>
        {body && <span>{body}</span>}
        <span className="muted small">
          <When at={created_at} />
        </span>
      </div>
      {read_at === null && (
        <Button kind="ghost" onClick={read} aria-label={`Mark as read: ${title}`}>
          Mark as read
        </Button>
      )}
    </li>
  );
}
