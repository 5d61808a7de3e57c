import { useQuery } from '@tanstack/react-query';
import type { WebhookEndpoint, WebhookEndpointWithSecret } from '../../../../../client/index.ts';
import { listChoices } from '../../components/paging.tsx';
import { FormDialog } from '../../resource/dialogs.tsx';
import { client } from '../../session.ts';
import { Checkbox, FieldSet, TextArea, TextField } from '../../ui/fields.tsx';
import { FieldError, textOf } from '../../ui/form.tsx';
import { showToast } from '../../ui/toasts.tsx';
import { events } from './events.ts';

type EndpointFormProps = { endpoint?: WebhookEndpoint; onClose: () => void; onCreated: (endpoint: WebhookEndpointWithSecret) => void };

/** Creates or edits a webhook endpoint. */
export function EndpointForm({ endpoint, onClose, onCreated }: EndpointFormProps) {
  const names = endpoint?.header_names ?? [];
  const save = async (values: FormData) => {
    const headers = headersOf(textOf(values, 'headers'));
    const body = {
      url: textOf(values, 'url'),
      events: events.map(([event]) => event).filter((event) => values.has(event)),
      filter: { project_ids: values.getAll('project').map(String), persona_ids: personasOf(textOf(values, 'filter.persona_ids')) },
      ...(values.has('removeHeaders') ? { headers: {} } : headers && { headers }),
    };
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
          <Checkbox
            key={event}
            name={event}
            label={told}
            hint={event}
            defaultChecked={endpoint?.events.includes(event) ?? event.startsWith('run.')}
          />
        ))}
      </FieldSet>
      <Projects chosen={endpoint?.filter.project_ids ?? []} />
      <TextField
        label="Only these personas"
        name="filter.persona_ids"
        placeholder="normal, extended-search"
        hint="Keys, separated by commas. Empty: all personas."
        defaultValue={endpoint?.filter.persona_ids.join(', ')}
      />
      <TextArea
        label="Headers"
        name="headers"
        rows={3}
        spellCheck={false}
        autoComplete="off"
        placeholder="Authorization: Bearer …"
        hint={
          names.length > 0
            ? `Set: ${names.join(', ')}. Values are not shown. What you enter replaces all of them. A URL with another host or path removes them.`
            : 'Sent with each request, one per line. Values are stored encrypted and not shown again.'
        }
      />
      {names.length > 0 && <Checkbox name="removeHeaders" label="Remove all headers" />}
    </FormDialog>
  );
}

const personasOf = (text: string) =>
  text
    .split(',')
    .map((key) => key.trim())
    .filter(Boolean);

/** Headers, one per line; undefined if there are none. */
function headersOf(text: string): Record<string, string> | undefined {
  const lines = text.split('\n').filter((line) => line.trim());
  const pairs = lines.map((line) => {
    const end = line.indexOf(':');
    if (end < 1) throw new FieldError('headers', 'Write each header as “Name: value”.');
    return [line.slice(0, end).trim(), line.slice(end + 1).trim()] as const;
  });
  return pairs.length > 0 ? Object.fromEntries(pairs) : undefined;
}

/** Chooses projects. Chosen ones that the user cannot see stay chosen. */
function Projects({ chosen }: { chosen: readonly string[] }) {
  const projects = useQuery({
    queryKey: ['projects', 'webhooks'],
    queryFn: () => listChoices((query) => client.projects.list({ query })),
  });
  const known = projects.data ?? [];
  const hidden = chosen.filter((id) => !known.some((project) => project.id === id));
  return (
    <FieldSet label="Only these projects" name="filter.project_ids" hint="None chosen: runs of all projects.">
      {known.map(({ id, name }) => (
        <Checkbox key={id} name="project" value={id} label={name} defaultChecked={chosen.includes(id)} />
      ))}
      {hidden.map((id) => (
        <input key={id} type="hidden" name="project" value={id} />
      ))}
    </FieldSet>
  );
}
