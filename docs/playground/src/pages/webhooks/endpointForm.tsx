import type { WebhookEndpoint, WebhookEndpointWithSecret, WebhookEventType } from '../../../../../client/index.ts';
import { problemOf } from '../../components/states.tsx';
import { client } from '../../session.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { Checkbox, TextField } from '../../ui/fields.tsx';
import { Form, textOf } from '../../ui/form.tsx';
import { showToast } from '../../ui/toasts.tsx';

const events: readonly (readonly [WebhookEventType, string])[] = [
  ['run.completed', 'A run has completed'],
  ['run.failed', 'A run has failed'],
  ['run.cancelled', 'A run was cancelled'],
];

type EndpointFormProps = {
  endpoint?: WebhookEndpoint;
  onClose: () => void;
  onCreated: (endpoint: WebhookEndpointWithSecret) => Promise<unknown>;
  onChanged: () => Promise<unknown>;
};

/** Creates or edits a webhook endpoint. */
export function EndpointForm({ endpoint, onClose, onCreated, onChanged }: EndpointFormProps) {
  const save = async (values: FormData) => {
    const body = { url: textOf(values, 'url'), events: events.map(([event]) => event).filter((event) => values.has(event)) };
    if (!endpoint) return onCreated(await client.webhookEndpoints.create({ body }));
    await client.webhookEndpoints.update({ params: { endpoint_id: endpoint.id }, body: { ...body, enabled: values.has('enabled') } });
    await onChanged();
    onClose();
    showToast('Saved');
  };
  return (
    <Dialog title={endpoint ? 'Edit webhook' : 'New webhook'} onClose={onClose}>
      <Form submit={endpoint ? 'Save' : 'Create'} onCancel={onClose} onSubmit={save}>
        {(error) => (
          <>
            <TextField
              label="URL"
              name="url"
              type="url"
              placeholder="https://example.com/arkloop"
              defaultValue={endpoint?.url}
              required
              problem={problemOf(error, 'url')}
            />
            <fieldset className="choices">
              <legend>Events</legend>
              {events.map(([event, told]) => (
                <Checkbox key={event} name={event} label={told} hint={event} defaultChecked={endpoint?.events.includes(event) ?? true} />
              ))}
              {problemOf(error, 'events') && <span className="problem">{problemOf(error, 'events')}</span>}
            </fieldset>
            {endpoint && <Checkbox name="enabled" label="Enabled" defaultChecked={endpoint.enabled} />}
          </>
        )}
      </Form>
    </Dialog>
  );
}
