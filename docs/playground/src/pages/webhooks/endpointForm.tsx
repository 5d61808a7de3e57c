import type { WebhookEndpoint, WebhookEndpointWithSecret, WebhookEventType } from '../../../../../client/index.ts';
import { Dialog } from '../../parts/dialog.tsx';
import { Check, Form, TextField, textOf } from '../../parts/fields.tsx';
import { problemOf } from '../../parts/states.tsx';
import { say } from '../../parts/toasts.tsx';
import { client } from '../../session.ts';

const events: readonly (readonly [WebhookEventType, string])[] = [
  ['run.completed', 'a run has been completed'],
  ['run.failed', 'a run has failed'],
  ['run.cancelled', 'a run has been cancelled'],
];

type EndpointFormProps = {
  endpoint?: WebhookEndpoint;
  onClose: () => void;
  onCreated: (endpoint: WebhookEndpointWithSecret) => Promise<unknown>;
  onChanged: () => Promise<unknown>;
};

/** A new address, or changes of one. */
export function EndpointForm({ endpoint, onClose, onCreated, onChanged }: EndpointFormProps) {
  const save = async (values: FormData) => {
    const body = { url: textOf(values, 'url'), events: events.map(([event]) => event).filter((event) => values.has(event)) };
    if (!endpoint) return onCreated(await client.webhookEndpoints.create({ body }));
    await client.webhookEndpoints.update({ params: { endpoint_id: endpoint.id }, body: { ...body, enabled: values.has('enabled') } });
    await onChanged();
    onClose();
    say('Saved');
  };
  return (
    <Dialog title={endpoint ? 'Change the webhook' : 'New webhook'} onClose={onClose}>
      <Form submit={endpoint ? 'Save' : 'Create'} onCancel={onClose} onSubmit={save}>
        {(error) => (
          <>
            <TextField
              label="Address"
              name="url"
              type="url"
              placeholder="https://example.com/arkloop"
              defaultValue={endpoint?.url}
              required
              problem={problemOf(error, 'url')}
            />
            <fieldset className="choices">
              <legend>It is told when</legend>
              {events.map(([event, told]) => (
                <Check key={event} name={event} label={told} hint={event} defaultChecked={endpoint?.events.includes(event) ?? true} />
              ))}
              {problemOf(error, 'events') && <span className="problem">{problemOf(error, 'events')}</span>}
            </fieldset>
            {endpoint && <Check name="enabled" label="Switched on" defaultChecked={endpoint.enabled} />}
          </>
        )}
      </Form>
    </Dialog>
  );
}
