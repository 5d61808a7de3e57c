import { useEffect, useEffectEvent } from 'react';
import { useSearchParams } from 'wouter';
import type { LlmProvider } from '../../../../client/index.ts';
import { Page } from '../components/page.tsx';
import { Empty, QueryState } from '../components/states.tsx';
import { useMe } from '../me.ts';
import { managesProviders, providersKey, useProviders } from '../providers.ts';
import { ConfirmDialog, type OpenDialog, useDialog } from '../resource/dialogs.tsx';
import { RowMenu } from '../resource/rowMenu.tsx';
import { client } from '../session.ts';
import { Badge, Button } from '../ui/buttons.tsx';
import { AddModels } from './providers/addModels.tsx';
import { Models } from './providers/models.tsx';
import { ProviderForm } from './providers/providerForm.tsx';

/** The model providers of the account and their models. */
export default function Providers() {
  const me = useMe().data;
  const providers = useProviders();
  const [dialog, open] = useDialog();
  const add = me && managesProviders(me, 'account') && (
    <Button kind="primary" icon="add" onClick={() => open((close) => <ProviderForm open={open} onClose={close} />)}>
      Add a provider
    </Button>
  );
  return (
    <Page
      title="Models"
      intro="The model providers of this workspace, with your own keys. A key can be replaced, but not read."
      actions={add}
    >
      <QueryState
        query={providers}
        empty={
          <Empty title="No providers yet" action={add}>
            Until you add one, answers are only placeholders. You need an API key of the provider.
          </Empty>
        }
      >
        {(rows) =>
          rows.map((provider) => (
            <Provider
              key={provider.id}
              provider={provider}
              isManaged={me !== undefined && managesProviders(me, provider.scope)}
              open={open}
            />
          ))
        }
      </QueryState>
      {dialog}
    </Page>
  );
}

const vendors = { openai: 'OpenAI API', anthropic: 'Anthropic API', gemini: 'Gemini API' } as const;

type ProviderProps = { provider: LlmProvider; isManaged: boolean; open: OpenDialog };

function Provider({ provider, isManaged, open }: ProviderProps) {
  const [search, setSearch] = useSearchParams();
  const edit = () => open((close) => <ProviderForm provider={provider} open={open} onClose={close} />);
  // The address of a link that leads to the settings of one provider.
  const isLinked = isManaged && search.get('provider') === provider.id;
  const follow = useEffectEvent(() => {
    setSearch({}, { replace: true });
    edit();
  });
  useEffect(() => {
    if (isLinked) follow();
  }, [isLinked]);
  return (
    <section className="card provider" aria-label={provider.name}>
      <header>
        <div>
          <h3>
            {provider.name} {provider.scope === 'platform' && <Badge tone="accent">Platform</Badge>}
          </h3>
          <p className="muted small address">
            {vendors[provider.provider]}
            {provider.base_url && ` · ${provider.base_url}`}
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
            <Button
              icon="add"
              onClick={() => open((close) => <AddModels provider={provider} onClose={close} />)}
              aria-label={`Add models to ${provider.name}`}
            >
              Add models
            </Button>
            <RowMenu
              of={provider.name}
              actions={[
                {
                  label: 'Edit',
                  icon: 'edit',
                  run: edit,
                },
                {
                  label: 'Delete',
                  icon: 'remove',
                  isDangerous: true,
                  run: () => open((close) => <Deletion provider={provider} onClose={close} />),
                },
              ]}
            />
          </div>
        )}
      </header>
      <Models provider={provider} isManaged={isManaged} open={open} />
    </section>
  );
}

const Deletion = ({ provider: { id, scope, name, models }, onClose }: { provider: LlmProvider; onClose: () => void }) => (
  <ConfirmDialog
    title={`Delete “${name}”?`}
    confirm="Delete"
    done="Provider deleted"
    changes={[providersKey]}
    onClose={onClose}
    action={() => client.llmProviders.delete({ params: { provider_id: id }, query: { scope } })}
  >
    Its key and {models.length === 1 ? 'its model' : `its ${models.length} models`} are deleted as well. Active runs can finish.
  </ConfirmDialog>
);
