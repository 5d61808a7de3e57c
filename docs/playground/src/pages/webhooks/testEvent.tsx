import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { WebhookDelivery, WebhookEndpoint, WebhookEventType } from '../../../../../client/index.ts';
import { QueryState } from '../../components/states.tsx';
import { useChanged } from '../../resource/dialogs.tsx';
import { client } from '../../session.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { Form, textOf } from '../../ui/form.tsx';
import { Select } from '../../ui/select.tsx';
import { Delivery } from './deliveries.tsx';
import { events } from './events.ts';
import { deliveriesKey } from './outcome.ts';

const options = events.map(([value, label]) => ({ value, label }));

type TestEventProps = { endpoint: WebhookEndpoint; onClose: () => void };

/** Sends a test event, and shows what the receiver answers. */
export function TestEvent({ endpoint, onClose }: TestEventProps) {
  const [sent, show] = useState<WebhookDelivery>();
  const changed = useChanged();
  const send = async (values: FormData) => {
    const body = { event_type: textOf(values, 'event_type') as WebhookEventType };
    show(await client.webhookEndpoints.test({ params: { endpoint_id: endpoint.id }, body }));
    await changed(deliveriesKey(endpoint.id));
  };
  return (
    <Dialog title="Send test event" intro={<span className="address">{endpoint.url}</span>} onClose={onClose}>
      <Form submit={sent ? 'Send another' : 'Send'} onCancel={onClose} onSubmit={send}>
        <p>Sends an example, signed like a real event and marked with “test”. It is tried once.</p>
        <Select label="Event" name="event_type" defaultValue={events[0]![0]} options={options} />
      </Form>
      {sent && <Result key={sent.id} delivery={sent} />}
    </Dialog>
  );
}

function Result({ delivery: { id, endpoint_id } }: { delivery: WebhookDelivery }) {
  const result = useQuery({
    queryKey: [...deliveriesKey(endpoint_id), 'test', id],
    queryFn: () => client.webhookDeliveries.get({ params: { endpoint_id, delivery_id: id } }),
    refetchInterval: ({ state }) => (state.data && state.data.status !== 'pending' ? false : 1_000),
  });
  return (
    <section className="outcome" aria-live="polite" aria-label="Result">
      <QueryState query={result}>
        {(delivery) => (
          <ul className="deliveries">
            <Delivery delivery={delivery} />
          </ul>
        )}
      </QueryState>
    </section>
  );
}
