import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { AsrCredential } from '../../../../../client/index.ts';
import { Page } from '../../components/page.tsx';
import { Empty } from '../../components/states.tsx';
import type { Column } from '../../components/table.tsx';
import { isPlatformAdmin, useMay, useMe } from '../../me.ts';
import { ConfirmDialog, FormDialog, useAction, useDialog } from '../../resource/dialogs.tsx';
import { Rows } from '../../resource/resourceList.tsx';
import { client } from '../../session.ts';
import { Badge, Button } from '../../ui/buttons.tsx';
import { Checkbox, TextField } from '../../ui/fields.tsx';
import { textOf } from '../../ui/form.tsx';
import { Select } from '../../ui/select.tsx';

const speechKey = ['asr-credentials'];
const vendors = { groq: 'Groq', openai: 'OpenAI' } as const;
const models = { groq: 'whisper-large-v3', openai: 'gpt-4o-transcribe' } as const;

/** The services that turn voice input into text. */
export default function Speech() {
  const credentials = useQuery({ queryKey: speechKey, queryFn: () => client.asrCredentials.list() });
  const mayManage = useMay('data.secrets.manage');
  const me = useMe().data;
  const run = useAction();
  const [dialog, open] = useDialog();
  const add = mayManage && (
    <Button
      kind="primary"
      icon="add"
      onClick={() => open((close) => <CredentialForm isFirst={!credentials.data?.length} onClose={close} />)}
    >
      Add a service
    </Button>
  );
  const prefer = ({ id, name }: AsrCredential) =>
    run(() => client.asrCredentials.setDefault({ params: { credential_id: id } }), `Voice input uses ${name}`, speechKey);
  return (
    <Page title="Speech" intro="The services that turn voice input into text. Recordings are not stored." actions={add}>
      <Rows
        query={credentials}
        caption="Speech services"
        columns={columns}
        keyOf={({ id }) => id}
        nameOf={({ name }) => name}
        empty={
          <Empty title="No speech service yet" action={add}>
            Add one, and members can speak instead of typing.
          </Empty>
        }
        actionsOf={(credential) => {
          const isMine = credential.scope === 'account' ? mayManage : me !== undefined && isPlatformAdmin(me);
          return [
            isMine && !credential.is_default && { label: 'Make default', icon: 'check', run: () => prefer(credential) },
            isMine && {
              label: 'Edit',
              icon: 'edit',
              run: () => open((close) => <CredentialForm credential={credential} onClose={close} />),
            },
            isMine && {
              label: 'Delete',
              icon: 'remove',
              isDangerous: true,
              run: () => open((close) => <Deletion credential={credential} onClose={close} />),
            },
          ];
        }}
      />
      {dialog}
    </Page>
  );
}

const columns: Column<AsrCredential>[] = [
  {
    title: 'Name',
    cell: ({ name, scope, is_default }) => (
      <>
        {name} {is_default && <Badge tone="accent">Default</Badge>} {scope === 'platform' && <Badge>Platform</Badge>}
      </>
    ),
  },
  { title: 'Service', cell: ({ provider }) => vendors[provider] },
  { title: 'Model', cell: ({ model }) => <code>{model}</code> },
  { title: 'Key', cell: ({ key_prefix }) => (key_prefix ? <code>{key_prefix}…</code> : '–') },
];

const Deletion = ({ credential: { id, name, is_default }, onClose }: { credential: AsrCredential; onClose: () => void }) => (
  <ConfirmDialog
    title={`Delete “${name}”?`}
    confirm="Delete"
    done="Deleted"
    changes={[speechKey]}
    onClose={onClose}
    action={() => client.asrCredentials.delete({ params: { credential_id: id } })}
  >
    {is_default ? 'Voice input falls back to the platform, or stops working until another service is the default.' : 'Its key is deleted.'}
  </ConfirmDialog>
);

function CredentialForm({ credential, isFirst = false, onClose }: { credential?: AsrCredential; isFirst?: boolean; onClose: () => void }) {
  const [provider, choose] = useState<AsrCredential['provider']>(credential?.provider ?? 'openai');
  const save = (values: FormData) => {
    const body = { name: textOf(values, 'name'), model: textOf(values, 'model'), base_url: textOf(values, 'base_url') || null };
    const api_key = textOf(values, 'api_key');
    return credential
      ? client.asrCredentials.update({ params: { credential_id: credential.id }, body: { ...body, api_key: api_key || undefined } })
      : client.asrCredentials.create({ body: { ...body, provider, api_key, is_default: values.has('is_default') } });
  };
  return (
    <FormDialog
      title={credential ? `Edit “${credential.name}”` : 'Add a speech service'}
      done="Saved"
      fieldOf={{ name_conflict: 'name' }}
      changes={[speechKey]}
      onClose={onClose}
      onSubmit={save}
    >
      {!credential && (
        <Select
          label="Service"
          name="provider"
          value={provider}
          onChange={choose}
          options={[
            { value: 'openai', label: 'OpenAI' },
            { value: 'groq', label: 'Groq' },
          ]}
        />
      )}
      <TextField label="Name" name="name" key={`name-${provider}`} defaultValue={credential?.name ?? vendors[provider]} required />
      <TextField
        label="API key"
        name="api_key"
        type="password"
        autoComplete="off"
        required={!credential}
        hint={
          credential
            ? 'Leave empty to keep the stored key. Enter it again if you change the base URL.'
            : 'Stored encrypted, and never shown again.'
        }
      />
      <TextField label="Model" name="model" key={`model-${provider}`} defaultValue={credential?.model ?? models[provider]} required />
      <TextField
        label="Base URL"
        name="base_url"
        type="url"
        defaultValue={credential?.base_url ?? ''}
        hint="Leave empty for the vendor itself. Fill it in for another service with the same API."
      />
      {!credential && <Checkbox name="is_default" label="Use for voice input" defaultChecked={isFirst} />}
    </FormDialog>
  );
}
