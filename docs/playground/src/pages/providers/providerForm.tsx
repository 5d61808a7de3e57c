import { useState } from 'react';
import type { LlmProvider } from '../../../../../client/index.ts';
import { Dialog } from '../../parts/dialog.tsx';
import { Form, Segments, TextField, textOf } from '../../parts/fields.tsx';
import { problemOf } from '../../parts/states.tsx';
import { say } from '../../parts/toasts.tsx';
import { client } from '../../session.ts';

type Kind = LlmProvider['provider'];
type ProviderFormProps = { provider?: LlmProvider; onClose: () => void; onSaved: () => Promise<unknown> };

/** A new provider, or changes of one. */
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
    say('Saved');
  };
  return (
    <Dialog title={provider ? `Change “${provider.name}”` : 'Add a provider'} onClose={onClose}>
      <Form submit="Save" onCancel={onClose} onSubmit={save}>
        {(error) => (
          <>
            <Segments
              label="The format it speaks"
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
              hint={provider ? 'Left empty, the stored one stays.' : 'Encrypted, and never shown again.'}
              problem={problemOf(error, 'api_key')}
            />
            <TextField
              label="Address"
              name="base_url"
              type="url"
              defaultValue={provider?.base_url ?? ''}
              hint="Only for a service of another maker that speaks the same format."
              problem={problemOf(error, 'base_url')}
            />
          </>
        )}
      </Form>
    </Dialog>
  );
}
