import { useState } from 'react';
import type { LlmProvider } from '../../../../../client/index.ts';
import { providersKey } from '../../providers.ts';
import { FormDialog, type OpenDialog } from '../../resource/dialogs.tsx';
import { client } from '../../session.ts';
import { TextField } from '../../ui/fields.tsx';
import { textOf } from '../../ui/form.tsx';
import { Select } from '../../ui/select.tsx';
import { AddModels } from './addModels.tsx';

type Kind = LlmProvider['provider'];
const vendors = { openai: 'OpenAI', anthropic: 'Anthropic', gemini: 'Google Gemini' } as const;

type ProviderFormProps = { provider?: LlmProvider; open: OpenDialog; onClose: () => void };

/** Creates or edits a provider. Then its models are listed, which shows whether key and URL work. */
export function ProviderForm({ provider, open, onClose }: ProviderFormProps) {
  const [kind, choose] = useState<Kind>(provider?.provider ?? 'openai');
  const save = async (values: FormData) => {
    const key = textOf(values, 'api_key');
    const body = { name: textOf(values, 'name'), provider: kind, base_url: textOf(values, 'base_url') || null };
    const saved = provider
      ? await client.llmProviders.update({
          params: { provider_id: provider.id },
          query: { scope: provider.scope },
          body: { ...body, api_key: key || undefined },
        })
      : await client.llmProviders.create({ body: { ...body, api_key: key } });
    open((close) => <AddModels provider={saved} isNew onClose={close} />);
  };
  return (
    <FormDialog
      title={provider ? `Edit “${provider.name}”` : 'Add a provider'}
      submit="Save and test"
      fieldOf={{ name_conflict: 'name' }}
      changes={[providersKey]}
      onClose={onClose}
      onSubmit={save}
    >
      <Select
        label="API format"
        name="provider"
        value={kind}
        onChange={choose}
        options={[
          { value: 'openai', label: 'OpenAI', description: 'Most other services and local model servers use it, too.' },
          { value: 'anthropic', label: 'Anthropic' },
          { value: 'gemini', label: 'Google Gemini' },
        ]}
      />
      <TextField
        label="Name"
        name="name"
        key={kind}
        defaultValue={provider?.name ?? vendors[kind]}
        hint="The name that you see when you choose a model."
        required
      />
      <TextField
        label="API key"
        name="api_key"
        type="password"
        autoComplete="off"
        required={!provider}
        hint={
          provider
            ? 'Leave empty to keep the stored key. Enter it again if you change the API format or the base URL.'
            : 'Stored encrypted, and never shown again.'
        }
      />
      <TextField
        label="Base URL"
        name="base_url"
        type="url"
        defaultValue={provider?.base_url ?? ''}
        hint="Leave empty for the vendor itself. Fill it in for another service with the same API format, such as a local model server."
      />
    </FormDialog>
  );
}
