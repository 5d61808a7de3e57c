import type { WebhookEndpoint, WebhookEndpointWithSecret, WebhookEventType } from '../../../../../client/index.ts';
import { FormDialog } from '../../resource/dialogs.tsx';
import { client } from '../../session.ts';
import { Checkbox, FieldSet, TextField } from '../../ui/fields.tsx';
import { FieldError, textOf } from '../../ui/form.tsx';
import { showToast } from '../../ui/toasts.tsx';

const events: readonly (readonly [WebhookEventType, string])[] = [
  ['run.completed', 'A run has completed'],
  ['run.failed', 'A run has failed'],
  ['run.cancelled', 'A run was canceled'],
];

type EndpointFormProps = { endpoint?: WebhookEndpoint; onClose: () => void; onCreated: (endpoint: WebhookEndpointWithSecret) => void };

/** Creates or edits a webhook endpoint. */
export function EndpointForm({ endpoint, onClose, onCreated }: EndpointFormProps) {
  const save = async (values: FormData) => {
    const body = { url: textOf(values, 'url'), events: events.map(([event]) => event).filter((event) => values.has(event)) };
    if (body.events.length === 0) throw new FieldError('events', 'Choose at least one event.');
    if (!endpoint) return onCreated(await client.webhookEndpoints.create({ body }));
    await client.webhookEndpoints.update({ params: { endpoint_id: endpoint.id }, body });
    onClose();
    showToast('Webhook saved');
  };
  return (
    <FormDialog
      title={endpoint ? 'Edit webhook' : 'New webhook'}
      submit={endpoint ? 'Save' : 'Create'}
      changes={[['webhooks']]}
      onClose={onClose}
      onSubmit={save}
    >
      <TextField label="URL" name="url" type="url" placeholder="https://example.com/arkloop" defaultValue={endpoint?.url} required />
      <FieldSet label="Events" name="events">
        {events.map(([event, told]) => (
          <Checkbox key={event} name={event} label={told} hint={event} defaultChecked={endpoint?.events.includes(event) ?? true} />
        ))}
      </FieldSet>
    </FormDialog>
  );
}
