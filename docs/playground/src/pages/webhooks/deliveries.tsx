import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { WebhookDelivery, WebhookEndpoint } from '../../../../../client/index.ts';
import { When } from '../../components/format.tsx';
import { More, rowsOf, usePages } from '../../components/paging.tsx';
import { Empty, ErrorNotice, QueryState } from '../../components/states.tsx';
import { client } from '../../session.ts';
import { Badge, Button } from '../../ui/buttons.tsx';
import { Dialog } from '../../ui/dialog.tsx';

type DeliveriesProps = { endpoint: WebhookEndpoint; onClose: () => void };

/** Deliveries of a webhook endpoint, with the responses. */
export function Deliveries({ endpoint, onClose }: DeliveriesProps) {
  const params = { endpoint_id: endpoint.id };
  const deliveries = usePages(['webhooks', endpoint.id, 'deliveries'], (before) =>
    client.webhookDeliveries.list({ params, query: { before } }),
  );
  return (
    <Dialog title="Deliveries" onClose={onClose} side>
      <p className="address muted">{endpoint.url}</p>
      <div className="actions">
        <Button kind="ghost" icon="retry" busy={deliveries.isRefetching} onClick={() => void deliveries.refetch()}>
          Refresh
        </Button>
      </div>
      <QueryState
        query={{ ...deliveries, data: rowsOf(deliveries.data) }}
        empty={<Empty title="No deliveries yet">Deliveries appear here after the next run has ended.</Empty>}
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

const tones = { pending: 'warning', delivered: 'good', failed: 'danger' } as const;

function Delivery({ delivery }: { delivery: WebhookDelivery }) {
  const queries = useQueryClient();
  const { id, endpoint_id, event_type, status, attempts, response_status, response_body, error, created_at, next_attempt_at } = delivery;
  const again = useMutation({
    mutationFn: () => client.webhookDeliveries.redeliver({ params: { endpoint_id, delivery_id: id } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['webhooks', endpoint_id, 'deliveries'] }),
  });
  return (
    <li>
      <header>
        <span>
          <code>{event_type}</code> <Badge tone={tones[status]}>{status}</Badge>
        </span>
        <When at={created_at} />
      </header>
      <p className="muted small">
        {attempts === 1 ? 'one attempt' : `${attempts} attempts`}
        {response_status !== null && ` · status ${response_status}`}
        {error && ` · ${error.replaceAll('_', ' ')}`}
        {next_attempt_at && (
          <>
            {' '}
            · next <When at={next_attempt_at} />
          </>
        )}
      </p>
      {response_body && (
        <details>
          <summary>Response</summary>
          <pre>{response_body}</pre>
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
