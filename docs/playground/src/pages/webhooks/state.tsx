import { useQuery } from '@tanstack/react-query';
import type { WebhookEndpoint } from '../../../../../client/index.ts';
import { When } from '../../components/format.tsx';
import { client } from '../../session.ts';
import { Badge, OnOff } from '../../ui/buttons.tsx';
import { deliveriesKey, healthOf, outcomeOf } from './outcome.ts';

/** The server turns a webhook off after as many failures in a row, so that since when it fails is among them. */
const recent = 20;

const offBecause = { consecutive_failures: 'Off: too many failures', gone: 'Off: endpoint gone' } as const;

/** Whether a webhook is on, and whether its events are received. */
export function EndpointState({ endpoint: { id, enabled, disabled_reason: reason } }: { endpoint: WebhookEndpoint }) {
  const deliveries = useQuery({
    queryKey: [...deliveriesKey(id), 'recent'],
    queryFn: () => client.webhookDeliveries.list({ params: { endpoint_id: id }, query: { limit: recent } }),
  });
  const { lastAttempt, failing } = healthOf(deliveries.data ?? []);
  const [latest, first] = [failing[0], failing.at(-1)];
  return (
    <>
      {reason !== null && reason !== 'manual' ? (
        <Badge tone="danger">{offBecause[reason]}</Badge>
      ) : enabled && latest ? (
        <Badge tone="danger">Failing</Badge>
      ) : (
        <OnOff isOn={enabled} />
      )}
      {first && (
        <div className="muted small">
          first failed <When at={first.created_at} />
        </div>
      )}
      {lastAttempt && (
        <div className="muted small">
          last attempt <When at={lastAttempt} />
          {latest && `: ${outcomeOf(latest)}`}
        </div>
      )}
    </>
  );
}
