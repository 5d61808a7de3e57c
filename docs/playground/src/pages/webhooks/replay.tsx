import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiError, type WebhookEndpoint, type WebhookReplay } from '../../../../../client/index.ts';
import { When } from '../../components/format.tsx';
import { useChanged } from '../../resource/dialogs.tsx';
import { instantOf, TimeField } from '../../resource/values.tsx';
import { client } from '../../session.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { Checkbox } from '../../ui/fields.tsx';
import { FieldError, Form } from '../../ui/form.tsx';
import { deliveriesKey } from './outcome.ts';

type ReplayProps = { endpoint: WebhookEndpoint; onClose: () => void };

const dayMs = 86_400_000;

/** Sends the messages of a time range again, and shows the progress of the last replay. */
export function Replay({ endpoint, onClose }: ReplayProps) {
  const [yesterday] = useState(() => new Date(Date.now() - dayMs).toISOString());
  const params = { endpoint_id: endpoint.id };
  const key = [...deliveriesKey(endpoint.id), 'replay'];
  const changed = useChanged();
  const last = useQuery({
    queryKey: key,
    queryFn: () => client.webhookEndpoints.lastReplay({ params }).catch((error: unknown) => noneIfMissing(error)),
    refetchInterval: ({ state }) => (state.data?.status === 'running' ? 1_000 : false),
  });
  const start = async (values: FormData) => {
    const since = instantOf(values, 'since');
    if (!since) throw new FieldError('since', 'Choose a time.');
    const until = instantOf(values, 'until');
    await client.webhookEndpoints.replay({ params, body: { since, until, only_failed: values.has('only_failed') } });
    await changed(deliveriesKey(endpoint.id));
  };
  return (
    <Dialog title="Replay messages" intro={<span className="address">{endpoint.url}</span>} onClose={onClose}>
      <Form submit="Replay" onCancel={onClose} onSubmit={start}>
        <p>Sends messages again, oldest first, after your server was down or has lost data. Messages are kept for 30 days.</p>
        <TimeField label="Since" name="since" initial={yesterday} required />
        <TimeField label="Until" name="until" hint="Empty: now." />
        <Checkbox name="only_failed" label="Only messages that have not been received" defaultChecked />
      </Form>
      <p aria-live="polite" className="outcome muted small">
        {last.data && <Progress replay={last.data} />}
      </p>
    </Dialog>
  );
}

/** An endpoint without a replay is no error. */
function noneIfMissing(error: unknown): null {
  if (error instanceof ApiError && error.status === 404) return null;
  throw error;
}

const Progress = ({ replay: { status, queued, total, created_at } }: { replay: WebhookReplay }) => (
  <>
    Last replay: {states[status]}, {queued} of {total} messages queued, started <When at={created_at} />.
  </>
);

const states = { running: 'running', completed: 'completed', cancelled: 'ended, because the webhook was turned off' } as const;
