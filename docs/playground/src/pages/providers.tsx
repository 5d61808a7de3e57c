import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { LlmProvider } from '../../../../client/index.ts';
import { Page } from '../components/page.tsx';
import { Empty, QueryState } from '../components/states.tsx';
import { useMe } from '../me.ts';
import { managesProviders, providersKey, useProviders } from '../providers.ts';
import { client } from '../session.ts';
import { Badge, Button } from '../ui/buttons.tsx';
import { Confirm } from '../ui/dialog.tsx';
import { showToast } from '../ui/toasts.tsx';
import { Models } from './providers/models.tsx';
import { ProviderForm } from './providers/providerForm.tsx';

type Opened = { of: 'new' } | { of: 'change' | 'remove'; provider: LlmProvider };

/** The model providers of the account and their models. */
export default function Providers() {
  const queries = useQueryClient();
  const me = useMe().data;
  const providers = useProviders();
  const [opened, open] = useState<Opened>();
  const close = () => open(undefined);
  const changed = () => queries.invalidateQueries({ queryKey: providersKey });
  const add = me && managesProviders(me, 'account') && (
    <Button kind="primary" icon="add" onClick={() => open({ of: 'new' })}>
      Add a provider
    </Button>
  );
  return (
    <Page
      title="Models"
      intro="The model providers of this account, with your own keys. A key can be replaced, but not read."
      actions={add}
    >
      <QueryState query={providers} empty={<Empty title="No providers yet">Until you add one, the built-in stub model answers.</Empty>}>
        {(rows) =>
          rows.map((provider) => (
            <Provider
              key={provider.id}
              provider={provider}
              isManaged={me !== undefined && managesProviders(me, provider.scope)}
              open={open}
              changed={changed}
            />
          ))
        }
      </QueryState>
      {opened?.of === 'new' && <ProviderForm onClose={close} onSaved={changed} />}
      {opened?.of === 'change' && <ProviderForm provider={opened.provider} onClose={close} onSaved={changed} />}
      {opened?.of === 'remove' && (
        <Confirm
          title={`Remove “${opened.provider.name}”?`}
          confirm="Remove"
          onClose={close}
          onConfirm={async () => {
            const { id, scope } = opened.provider;
            await client.llmProviders.delete({ params: { provider_id: id }, query: { scope } });
            await changed();
            showToast('Removed');
          }}
        >
          <p>Its key and its {opened.provider.models.length} models are removed as well.</p>
        </Confirm>
      )}
    </Page>
  );
}

type ProviderProps = { provider: LlmProvider; isManaged: boolean; open: (opened: Opened) => void; changed: () => Promise<unknown> };

const Provider = ({ provider, isManaged, open, changed }: ProviderProps) => (
  <section className="card provider" aria-label={provider.name}>
    <header>
      <div>
        <h3>
          {provider.name} {provider.scope === 'platform' && <Badge tone="accent">platform</Badge>}
        </h3>
        <p className="muted small">
          {provider.provider}
          {provider.base_url && <> · {provider.base_url}</>}
          {provider.key_prefix && (
            <>
              {' '}
              · key <code>{provider.key_prefix}…</code>
            </>
          )}
        </p>
      </div>
      {isManaged && (
        <div className="actions">
          <Button kind="ghost" onClick={() => open({ of: 'change', provider })} aria-label={`Change ${provider.name}`}>
            Change
          </Button>
          <Button kind="ghost" onClick={() => open({ of: 'remove', provider })} aria-label={`Remove ${provider.name}`}>
            Remove
          </Button>
        </div>
      )}
    </header>
    <Models provider={provider} isManaged={isManaged} changed={changed} />
  </section>
);
