import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Share, Thread } from '../../../../../client/index.ts';
import { When } from '../../components/format.tsx';
import { More, rowsOf, usePages } from '../../components/paging.tsx';
import { QueryState } from '../../components/states.tsx';
import { client } from '../../session.ts';
import { Badge, Copyable, IconButton } from '../../ui/buttons.tsx';
import { Confirm, Dialog } from '../../ui/dialog.tsx';
import { Segments, TextField } from '../../ui/fields.tsx';
import { Form } from '../../ui/form.tsx';
import { titleOf } from '../threads/list.ts';

type Access = Share['access_type'];
const sharesKey = (thread: Thread) => ['shares', thread.id];
const addressOf = ({ url }: Share) => location.origin + url;

/** Creates, copies and deletes the links of a thread. */
export function ShareDialog({ thread, onClose }: { thread: Thread; onClose: () => void }) {
  const queries = useQueryClient();
  const shares = usePages(sharesKey(thread), (page) => client.shares.list({ params: { thread_id: thread.id }, query: page }));
  const [access, setAccess] = useState<Access>('public');
  const [done, setDone] = useState('');
  const [scope, setScope] = useState<'snapshot' | 'live'>('snapshot');
  return (
    <Dialog
      title={`Share “${titleOf(thread)}”`}
      intro="Readers need no account. They see the messages and their files, but not your name."
      onClose={onClose}
    >
      <div className="share-dialog">
        <Form
          submit="Create link"
          onSubmit={async (values) => {
            const share = await client.shares.create({
              params: { thread_id: thread.id },
              body: {
                access_type: access,
                live_update: scope === 'live',
                ...(access === 'password' && { password: String(values.get('password')) }),
              },
            });
            await queries.invalidateQueries({ queryKey: sharesKey(thread) });
            setDone((await copy(addressOf(share))) ? 'Link created and copied.' : 'Link created.');
          }}
        >
          <Segments
            label="Who can open it"
            value={access}
            onChange={setAccess}
            options={[
              ['public', 'Anyone with the link'],
              ['password', 'With a password'],
            ]}
          />
          {access === 'password' && (
            <TextField
              label="Password"
              name="password"
              type="password"
              autoComplete="new-password"
              maxLength={128}
              hint="Send it separately. It cannot be shown again."
              required
              autoFocus
            />
          )}
          <Segments
            label="What it shows"
            value={scope}
            onChange={setScope}
            options={[
              ['snapshot', 'Messages until now'],
              ['live', 'Later messages too'],
            ]}
          />
        </Form>
        <section aria-label="Links of this chat">
          <h3>Links</h3>
          <output className="share-done">{done}</output>
          <QueryState query={{ ...shares, data: rowsOf(shares.data) }} empty={<p className="muted">This chat is not shared.</p>}>
            {(rows) => (
              <ul className="share-links">
                {rows.map((share) => (
                  <Link key={share.id} share={share} thread={thread} onDeleted={() => setDone('Link deleted.')} />
                ))}
              </ul>
            )}
          </QueryState>
          <More query={shares} />
        </section>
      </div>
    </Dialog>
  );
}

/** Some browsers allow copying only directly after a click. The list has a button for it, too. */
const copy = async (text: string): Promise<boolean> =>
  (await navigator.clipboard?.writeText(text).then(
    () => true,
    () => false,
  )) ?? false;

function Link({ share, thread, onDeleted }: { share: Share; thread: Thread; onDeleted: () => void }) {
  const queries = useQueryClient();
  const [asks, setAsks] = useState(false);
  return (
    <li>
      <Copyable text={addressOf(share)} label="Copy the link" />
      <div className="share-facts">
        <Badge>{share.has_password ? 'Password' : 'Anyone with the link'}</Badge>
        <Badge>
          {share.live_update
            ? 'Live'
            : `Snapshot of ${share.snapshot_turn_count === 1 ? '1 question' : `${share.snapshot_turn_count} questions`}`}
        </Badge>
        <span className="muted small">
          <When at={share.created_at} />
        </span>
        <IconButton small label="Delete the link" icon="remove" onClick={() => setAsks(true)} />
      </div>
      {asks && (
        <Confirm
          title="Delete this link?"
          confirm="Delete"
          onClose={() => setAsks(false)}
          onConfirm={async () => {
            await client.shares.delete({ params: { thread_id: thread.id }, query: { id: share.id } });
            await queries.invalidateQueries({ queryKey: sharesKey(thread) });
            onDeleted();
          }}
        >
          <p>Nobody can open {addressOf(share)} afterwards, not even readers who have it open.</p>
        </Confirm>
      )}
    </li>
  );
}
