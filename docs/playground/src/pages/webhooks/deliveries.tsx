import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { WebhookAttempt, WebhookDelivery, WebhookEndpoint } from '../../../../../client/index.ts';
import { duration, When } from '../../components/format.tsx';
import { More, rowsOf, usePages } from '../../components/paging.tsx';
import { Scrolling } from '../../components/scrolling.tsx';
import { Empty, ErrorNotice, QueryState } from '../../components/states.tsx';
import { useChanged } from '../../resource/dialogs.tsx';
import { client } from '../../session.ts';
import { Badge, Button } from '../../ui/buttons.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Segments } from '../../ui/fields.tsx';
import { deliveriesKey, outcomeOf } from './outcome.ts';

type Shown = 'all' | WebhookDelivery['status'];
type DeliveriesProps = { endpoint: WebhookEndpoint; onClose: () => void };

/** Deliveries of a webhook endpoint, with payloads and responses. */
export function Deliveries({ endpoint, onClose }: DeliveriesProps) {
  const [shown, choose] = useState<Shown>('all');
  const changed = useChanged();
  const params = { endpoint_id: endpoint.id };
  const status = shown === 'all' ? undefined : shown;
  const deliveries = usePages([...deliveriesKey(endpoint.id), shown], (page) =>
    client.webhookDeliveries.list({ params, query: { status, ...page } }),
  );
  return (
    <Dialog title="Deliveries" intro={<span className="address">{endpoint.url}</span>} onClose={onClose} side>
      <div className="filters">
        <Segments
          label="Status"
          hideLabel
          value={shown}
          onChange={choose}
          options={[
            ['all', 'All'],
            ['delivered', states.delivered.label],
            ['failed', states.failed.label],
            ['pending', states.pending.label],
          ]}
        />
        <Button kind="ghost" icon="retry" busy={deliveries.isRefetching} onClick={() => void changed(deliveriesKey(endpoint.id))}>
          Refresh
        </Button>
      </div>
      <QueryState
        query={{ ...deliveries, data: rowsOf(deliveries.data) }}
        empty={
          <Empty title={status ? `No ${status} deliveries` : 'No deliveries yet'}>
            Deliveries appear here after the next run has ended. They are kept for 30 days.
          </Empty>
        }
      >
        {(rows) => (
          <ul className="deliveries">
            {rows.map((delivery) => (
              <Delivery key={delivery.id} delivery={delivery} />
            ))}
          </ul>
        )}
      </QueryState>
      <More query={deliveries} />
    </Dialog>
  );
}

const states = {
  pending: { label: 'Pending', tone: 'warning' },
  delivered: { label: 'Delivered', tone: 'good' },
  failed: { label: 'Failed', tone: 'danger' },
} as const;

/** A delivery with its payload and attempts. */
export function Delivery({ delivery }: { delivery: WebhookDelivery }) {
  const { id, endpoint_id, event_type, status, attempts, response_body, created_at, next_attempt_at } = delivery;
  const changed = useChanged();
  const again = useMutation({
    mutationFn: () => client.webhookDeliveries.redeliver({ params: { endpoint_id, delivery_id: id } }),
    onSuccess: () => changed(deliveriesKey(endpoint_id)),
  });
  const facts = [
    attempts === 1 ? 'One attempt' : `${attempts} attempts`,
    outcomeOf(delivery),
    delivery.redelivery_of && 'sent again',
    delivery.is_test && 'test',
  ].filter(Boolean);
  return (
    <li>
      <header>
        <span>
          <code>{event_type}</code> <Badge tone={states[status].tone}>{states[status].label}</Badge>
        </span>
        <When at={created_at} />
      </header>
      <p className="muted small">
        {facts.join(' · ')}
        {next_attempt_at && (
          <>
            {' '}
            · next <When at={next_attempt_at} />
          </>
        )}
      </p>
      <Payload delivery={delivery} />
      {response_body && (
        <details>
          <summary>Response</summary>
          <Scrolling as="pre" aria-label="Response">
            {response_body}
          </Scrolling>
        </details>
      )}
      {status !== 'pending' && (
        <Button kind="ghost" icon="retry" busy={again.isPending} onClick={() => again.mutate()}>
          Send again
        </Button>
      )}
      {again.error && <ErrorNotice error={again.error} />}
    </li>
  );
}

const Attempt = ({ attempt }: { attempt: WebhookAttempt }) => (
  <li>
    <span className="small">
      <When at={attempt.attempted_at} /> · {outcomeOf(attempt) || 'no response'} · {duration(attempt.duration_ms)}
    </span>
    {attempt.response_body && (
      <Scrolling as="pre" aria-label="Response of the attempt">
        {attempt.response_body}
      </Scrolling>
    )}
  </li>
);

/** Loaded when it is opened: lists do not contain it. */
function Payload({ delivery: { id, endpoint_id, attempts } }: { delivery: WebhookDelivery }) {
  const [isOpen, setOpen] = useState(false);
  const detail = useQuery({
    queryKey: [...deliveriesKey(endpoint_id), 'payload', id, attempts],
    queryFn: () => client.webhookDeliveries.get({ params: { endpoint_id, delivery_id: id } }),
    enabled: isOpen,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>Payload and attempts</summary>
      {isOpen && (
        <QueryState query={detail}>
          {({ payload, attempt_log: log }) => (
            <>
              <Scrolling as="pre" aria-label="Payload">
                {JSON.stringify(payload, null, 2)}
              </Scrolling>
              {log.length > 0 && (
                <ol className="attempts">
                  {log.map((attempt) => (
                    <Attempt key={attempt.attempted_at} attempt={attempt} />
                  ))}
                </ol>
              )}
            </>
          )}
        </QueryState>
      )}
    </details>
  );
}
