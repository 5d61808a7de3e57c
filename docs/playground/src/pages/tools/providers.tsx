import { useQuery } from '@tanstack/react-query';
import type { ToolProvider, ToolProviderGroup } from '../../../../../client/index.ts';
import { Page, Section } from '../../components/page.tsx';
import { QueryState } from '../../components/states.tsx';
import { type Column, Table } from '../../components/table.tsx';
import { ConfirmDialog, FormDialog, type OpenDialog, useAction, useDialog } from '../../resource/dialogs.tsx';
import { RowMenu } from '../../resource/rowMenu.tsx';
import { client } from '../../session.ts';
import { Badge, Button } from '../../ui/buttons.tsx';
import { TextField } from '../../ui/fields.tsx';
import { textOf } from '../../ui/form.tsx';

const providersKey = ['tool-providers'];
const query = { scope: 'account' } as const;
const paramsOf = ({ group_name, provider_name }: ToolProvider) => ({ group: group_name, provider: provider_name });

/** Which service searches the web and reads its pages for the agents of the account. */
export default function ToolProviders() {
  const groups = useQuery({ queryKey: providersKey, queryFn: () => client.toolProviders.list({ query }) });
  const [dialog, open] = useDialog();
  return (
    <Page
      title="Web search"
      intro="The services with which agents search the web and read pages. Without a choice here, those of the platform are used."
    >
      <QueryState query={groups}>
        {(data) => data.groups.map((group) => <Group key={group.group_name} group={group} open={open} />)}
      </QueryState>
      {dialog}
    </Page>
  );
}

const groupTitles = { web_search: 'Search', web_fetch: 'Reading pages' } as const;
const names: Record<ToolProvider['provider_name'], readonly [name: string, about: string]> = {
  'web_search.tavily': ['Tavily', 'Search for agents, with an API key.'],
  'web_search.searxng': ['SearXNG', 'Your own instance of the open metasearch engine.'],
  'web_search.duckduckgo': ['DuckDuckGo', 'Needs no key. For light use.'],
  'web_fetch.jina': ['Jina Reader', 'Returns pages as Markdown.'],
  'web_fetch.firecrawl': ['Firecrawl', 'Renders pages, and returns them as Markdown.'],
  'web_fetch.basic': ['Built in', 'The server loads the page itself.'],
};
const nameOf = ({ provider_name }: ToolProvider) => names[provider_name][0];

function Group({ group, open }: { group: ToolProviderGroup; open: OpenDialog }) {
  const run = useAction();
  const columns: Column<ToolProvider>[] = [
    {
      title: 'Provider',
      cell: (provider) => (
        <>
          {nameOf(provider)}
          <div className="muted small">{names[provider.provider_name][1]}</div>
        </>
      ),
    },
    { title: 'State', cell: (provider) => <State provider={provider} /> },
    { title: 'Key', cell: ({ key_prefix }) => (key_prefix ? <code>{key_prefix}</code> : '–') },
    {
      title: 'Actions',
      isActions: true,
      cell: (provider) => (
        <>
          <Use provider={provider} open={open} />
          <RowMenu
            of={nameOf(provider)}
            actions={[
              (provider.requires_api_key || provider.requires_base_url) && {
                label: provider.configured ? 'Replace credentials' : 'Set credentials',
                icon: 'edit',
                run: () => open((close) => <Credential provider={provider} onClose={close} />),
              },
              provider.is_active && {
                label: 'Stop using',
                icon: 'pause',
                run: () =>
                  run(
                    () => client.toolProviders.deactivate({ params: paramsOf(provider), query }),
                    `${nameOf(provider)} is no longer used`,
                    providersKey,
                  ),
              },
              provider.key_prefix !== null && {
                label: 'Delete the key',
                icon: 'remove',
                isDangerous: true,
                run: () => open((close) => <KeyDeletion provider={provider} onClose={close} />),
              },
            ]}
          />
        </>
      ),
    },
  ];
  return (
    <Section title={groupTitles[group.group_name]}>
      <Table
        caption={groupTitles[group.group_name]}
        columns={columns}
        rows={group.providers}
        keyOf={({ provider_name }) => provider_name}
      />
    </Section>
  );
}

function State({ provider: { is_active, configured } }: { provider: ToolProvider }) {
  if (is_active) return configured ? <Badge tone="good">In use</Badge> : <Badge tone="warning">Not configured</Badge>;
  return configured ? <span className="muted">Ready</span> : <span className="muted">Not set up</span>;
}

/** Asks for missing credentials first. */
function Use({ provider, open }: { provider: ToolProvider; open: OpenDialog }) {
  const run = useAction();
  if (provider.is_active) return null;
  const use = () =>
    provider.configured
      ? run(() => client.toolProviders.activate({ params: paramsOf(provider), query }), `${nameOf(provider)} is used now`, providersKey)
      : open((close) => <Credential provider={provider} activate onClose={close} />);
  return (
    <Button small onClick={use} aria-label={`Use ${nameOf(provider)}`}>
      Use
    </Button>
  );
}

type CredentialProps = { provider: ToolProvider; activate?: boolean; onClose: () => void };

const Credential = ({ provider, activate = false, onClose }: CredentialProps) => (
  <FormDialog
    title={activate ? `Use ${nameOf(provider)}` : `Credentials of ${nameOf(provider)}`}
    done={activate ? `${nameOf(provider)} is used now` : 'Saved'}
    changes={[providersKey]}
    onClose={onClose}
    onSubmit={async (values) => {
      const body = { api_key: textOf(values, 'api_key'), base_url: textOf(values, 'base_url') };
      await client.toolProviders.setCredential({ params: paramsOf(provider), query, body });
      if (activate) await client.toolProviders.activate({ params: paramsOf(provider), query });
    }}
  >
    {(provider.requires_api_key || !provider.requires_base_url) && (
      <TextField
        label="API key"
        name="api_key"
        type="password"
        autoComplete="off"
        required={provider.requires_api_key && provider.key_prefix === null}
        hint={
          provider.key_prefix
            ? 'Leave empty to keep the stored key. Enter it again if you change the base URL.'
            : 'Stored encrypted, and never shown again.'
        }
      />
    )}
    <TextField
      label="Base URL"
      name="base_url"
      type="url"
      defaultValue={provider.base_url ?? ''}
      required={provider.requires_base_url}
      hint={provider.requires_base_url ? undefined : 'Leave empty unless you run your own server.'}
    />
  </FormDialog>
);

const KeyDeletion = ({ provider, onClose }: { provider: ToolProvider; onClose: () => void }) => (
  <ConfirmDialog
    title={`Delete the key of ${nameOf(provider)}?`}
    confirm="Delete"
    done="Key deleted"
    changes={[providersKey]}
    onClose={onClose}
    action={() => client.toolProviders.clearCredential({ params: paramsOf(provider), query })}
  >
    {provider.is_active ? 'Its calls fail or fall back to the platform until you set a new one.' : 'You can set a new one at any time.'}
  </ConfirmDialog>
);
