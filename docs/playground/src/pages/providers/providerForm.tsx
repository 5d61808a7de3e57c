import { useState } from 'react';
import type { LlmProvider } from '../../../../../client/index.ts';
import { problemOf } from '../../components/states.tsx';
import { client } from '../../session.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { Segments, TextField } from '../../ui/fields.tsx';
import { Form, textOf } from '../../ui/form.tsx';
import { showToast } from '../../ui/toasts.tsx';

type Kind = LlmProvider['provider'];
type ProviderFormProps = { provider?: LlmProvider; onClose: () => void; onSaved: () => Promise<unknown> };

/** Creates or edits a provider. */
export function ProviderForm({ provider, onClose, onSaved }: ProviderFormProps) {
  const [kind, choose] = useState<Kind>(provider?.provider ?? 'openai');
  const save = async (values: FormData) => {
    const key = textOf(values, 'api_key');
    const body = { name: textOf(values, 'name'), provider: kind, base_url: textOf(values, 'base_url') || null };
    if (!provider) await client.llmProviders.create({ body: { ...body, api_key: key } });
    else {
      const { id, scope } = provider;
      await client.llmProviders.update({ params: { provider_id: id }, query: { scope }, body: { ...body, api_key: key || undefined } });
    }
    await onSaved();
    onClose();
    showToast('Saved');
  };
  return (
    <Dialog title={provider ? `Change “${provider.name}”` : 'Add a provider'} onClose={onClose}>
      <Form submit="Save" onCancel={onClose} onSubmit={save}>
        {(error) => (
          <>
            <Segments
              label="API format"
              value={kind}
              onChange={choose}
              options={[
                ['openai', 'OpenAI'],
                ['anthropic', 'Anthropic'],
              ]}
            />
            <TextField label="Name" name="name" defaultValue={provider?.name} required problem={problemOf(error, 'name')} />
            <TextField
              label="Key"
              name="api_key"
              type="password"
              autoComplete="off"
              required={!provider}
              hint={provider ? 'Leave empty to keep the stored key.' : 'Stored encrypted, and never shown again.'}
              problem={problemOf(error, 'api_key')}
            />
            <TextField
              label="Base URL"
              name="base_url"
              type="url"
              defaultValue={provider?.base_url ?? ''}
              hint="Only for other services with the same API format."
              problem={problemOf(error, 'base_url')}
            />
          </>
        )}
      </Form>
    </Dialog>
  );
}
