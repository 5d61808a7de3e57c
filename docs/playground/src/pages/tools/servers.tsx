import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { McpConfig } from '../../../../../client/index.ts';
import { keepAccountOf } from '../../account.ts';
import { duration } from '../../components/format.tsx';
import { Page } from '../../components/page.tsx';
import { usePages } from '../../components/paging.tsx';
import { Empty, ErrorNotice, Loading, messageOf } from '../../components/states.tsx';
import type { Column } from '../../components/table.tsx';
import { isPlatformAdmin, useMay, useMe } from '../../me.ts';
import { ConfirmDialog, FormDialog, type OpenDialog, useAction, useChanged, useDialog } from '../../resource/dialogs.tsx';
import { PagedRows } from '../../resource/resourceList.tsx';
import { turnAction } from '../../resource/rowMenu.tsx';
import { client } from '../../session.ts';
import { Badge, Button, OnOff } from '../../ui/buttons.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Checkbox, TextArea, TextField } from '../../ui/fields.tsx';
import { textOf } from '../../ui/form.tsx';
import { Select } from '../../ui/select.tsx';
import { showToast } from '../../ui/toasts.tsx';

const serversKey = ['mcp-configs'];

/** The MCP servers whose tools the account's runs can call. */
export default function ToolServers() {
  const servers = usePages(serversKey, (page) => client.mcpConfigs.list({ query: page }));
  const mayManage = useMay('data.mcp_configs.manage');
  const me = useMe().data;
  const run = useAction();
  const [dialog, open] = useDialog();
  const add = mayManage && (
    <Button kind="primary" icon="add" onClick={() => open((close) => <ServerForm open={open} onClose={close} />)}>
      Add a server
    </Button>
  );
  const turn = ({ id, name, is_active }: McpConfig) =>
    run(
      () => client.mcpConfigs.update({ params: { config_id: id }, body: { is_active: !is_active } }),
      `${name} is ${is_active ? 'off' : 'on'}`,
      serversKey,
    );
  return (
    <Page title="Tool servers" intro="MCP servers. Agents can call their tools in every chat of this workspace." actions={add}>
      <PagedRows
        query={servers}
        caption="Tool servers"
        columns={columns}
        keyOf={({ id }) => id}
        nameOf={({ name }) => name}
        empty={
          <Empty title="No tool servers yet" action={add}>
            Connect a server of the Model Context Protocol, such as your issue tracker or a database, so that agents can use it.
          </Empty>
        }
        actionsOf={(server) => {
          const mayChange = mayManage && (server.transport !== 'stdio' || (me !== undefined && isPlatformAdmin(me)));
          return [
            mayManage &&
              isConnectable(server, server.authorization) && {
                label: 'Connect',
                icon: 'link',
                run: () => void connect(server).catch(showError),
              },
            mayManage &&
              server.transport !== 'stdio' && {
                label: 'Test',
                icon: 'bolt',
                run: () => open((close) => <ServerTest server={server} onClose={close} />),
              },
            mayChange && {
              label: 'Edit',
              icon: 'edit',
              run: () => open((close) => <ServerForm server={server} open={open} onClose={close} />),
            },
            mayChange && turnAction(server.is_active, () => turn(server)),
            mayManage &&
              server.authorization !== 'none' && {
                label: 'Disconnect',
                icon: 'lock',
                run: () =>
                  run(
                    () => client.mcpConfigs.disconnect({ params: { config_id: server.id } }),
                    `The access to ${server.name} is deleted`,
                    serversKey,
                  ),
              },
            mayManage && {
              label: 'Delete',
              icon: 'remove',
              isDangerous: true,
              run: () => open((close) => <Deletion server={server} onClose={close} />),
            },
          ];
        }}
      />
      {dialog}
    </Page>
  );
}

const transports = { streamable_http: 'Streamable HTTP', http_sse: 'HTTP with SSE', stdio: 'Program' } as const;

const columns: Column<McpConfig>[] = [
  {
    title: 'Name',
    cell: ({ name, url, command, args, authorization }) => (
      <>
        {name} {authorization === 'authorized' && <Badge tone="good">Connected</Badge>}
        <div className="muted small address">{url ?? [command, ...args].join(' ')}</div>
      </>
    ),
  },
  { title: 'Transport', cell: ({ transport }) => transports[transport] },
  {
    title: 'State',
    // A server that is on offers no tools without access.
    cell: ({ is_active, authorization }) =>
      is_active && (authorization === 'required' || authorization === 'expired') ? (
        <Badge tone="warning">{authorization === 'required' ? 'Not connected' : 'Access expired'}</Badge>
      ) : (
        <OnOff isOn={is_active} />
      ),
  },
];

/** Whether a user can grant access to a server with OAuth. */
const isConnectable = ({ transport, has_auth }: McpConfig, authorization: McpConfig['authorization']) =>
  transport !== 'stdio' && !has_auth && authorization !== 'authorized';

/** Leaves the page for that of the authorization server, which returns to `/oauth/mcp/…`. */
async function connect({ id, account_id }: McpConfig) {
  keepAccountOf(id, account_id);
  const { authorization_url } = await client.mcpConfigs.authorize({ params: { config_id: id } });
  location.assign(authorization_url);
}

const showError = (error: unknown) => showToast(messageOf(error), { tone: 'danger' });

const Deletion = ({ server: { id, name }, onClose }: { server: McpConfig; onClose: () => void }) => (
  <ConfirmDialog
    title={`Delete “${name}”?`}
    confirm="Delete"
    done="Deleted"
    changes={[serversKey]}
    onClose={onClose}
    action={() => client.mcpConfigs.delete({ params: { config_id: id } })}
  >
    Agents can no longer call its tools. To pause the server, turn it off instead.
  </ConfirmDialog>
);

function ConnectButton({ server }: { server: McpConfig }) {
  const [busy, setBusy] = useState(false);
  const start = () => {
    setBusy(true);
    connect(server).catch((error: unknown) => {
      setBusy(false);
      showError(error);
    });
  };
  return (
    <Button kind="primary" icon="link" busy={busy} onClick={start}>
      Connect
    </Button>
  );
}

/** Lists the tools of a server, as a run would. */
function ServerTest({ server, onClose }: { server: McpConfig; onClose: () => void }) {
  const changed = useChanged();
  const test = useQuery({
    queryKey: ['mcp-test', server.id],
    queryFn: async () => {
      const result = await client.mcpConfigs.test({ params: { config_id: server.id } });
      if (result.authorization !== server.authorization) void changed(serversKey);
      return result;
    },
    staleTime: 0,
    gcTime: 0,
  });
  return (
    <Dialog title={`Tools of ${server.name}`} onClose={onClose} side>
      {test.isPending && <Loading what="Connecting" />}
      {test.error && <ErrorNotice error={test.error} />}
      {test.data && !test.data.success && (
        <div className="notice danger" role="alert">
          <div>
            <p>{test.data.error}</p>
            <p className="trace">The test took {duration(test.data.latency_ms)}.</p>
          </div>
        </div>
      )}
      {test.data?.success && (
        <>
          <p className="notice good">
            Connected in {duration(test.data.latency_ms)}. {test.data.tools.length === 1 ? 'One tool' : `${test.data.tools.length} tools`}.
          </p>
          <ul className="tools">
            {test.data.tools.map(({ name, description, read_only }) => (
              <li key={name}>
                <span>
                  <code>{name}</code> {read_only && <Badge>Read-only</Badge>}
                </span>
                {description && <p className="muted small">{description}</p>}
              </li>
            ))}
          </ul>
        </>
      )}
      <div className="actions">
        {test.data && test.data.authorization !== 'none' && isConnectable(server, test.data.authorization) && (
          <ConnectButton server={server} />
        )}
        <Button kind="ghost" icon="retry" busy={test.isFetching} onClick={() => void test.refetch()}>
          Test again
        </Button>
      </div>
    </Dialog>
  );
}

type ServerFormProps = { server?: McpConfig; open: OpenDialog; onClose: () => void };

/** Creates or edits a server, then tests it. */
function ServerForm({ server, open, onClose }: ServerFormProps) {
  const me = useMe().data;
  const [transport, choose] = useState<McpConfig['transport']>(server?.transport ?? 'streamable_http');
  const isProgram = transport === 'stdio';
  const save = async (values: FormData) => {
    const common = {
      name: textOf(values, 'name'),
      call_timeout_ms: Number(textOf(values, 'call_timeout_ms')) * 1_000,
      elicitation_enabled: values.has('elicitation_enabled'),
    };
    const token = textOf(values, 'bearer_token');
    const http = { url: textOf(values, 'url'), ...(token || values.has('clear') ? { bearer_token: token } : {}) };
    const fields = isProgram ? common : { ...common, ...http };
    const program = { command: textOf(values, 'command'), args: linesOf(values, 'args'), env: variablesOf(values) };
    const saved = server
      ? await client.mcpConfigs.update({ params: { config_id: server.id }, body: fields })
      : await client.mcpConfigs.create({ body: isProgram ? { ...fields, ...program, transport } : { ...fields, transport } });
    if (isProgram) onClose();
    else open((close) => <ServerTest server={saved} onClose={close} />);
  };
  return (
    <FormDialog
      title={server ? `Edit “${server.name}”` : 'Add a tool server'}
      submit={isProgram ? 'Save' : 'Save and test'}
      fieldOf={{ name_conflict: 'name' }}
      changes={[serversKey]}
      onClose={onClose}
      onSubmit={save}
    >
      {!server && (
        <Select
          label="Transport"
          name="transport"
          value={transport}
          onChange={choose}
          options={[
            { value: 'streamable_http', label: 'Streamable HTTP', description: 'For current servers.' },
            { value: 'http_sse', label: 'HTTP with SSE', description: 'For older servers.' },
            ...(me && isPlatformAdmin(me)
              ? [{ value: 'stdio' as const, label: 'Program', description: 'Runs on the workers of this platform.' }]
              : []),
          ]}
        />
      )}
      <TextField label="Name" name="name" defaultValue={server?.name} hint="The names of its tools begin with it." required />
      {isProgram
        ? !server && <ProgramFields />
        : [
            <TextField
              key="url"
              label="URL"
              name="url"
              type="url"
              defaultValue={server?.url ?? ''}
              placeholder="https://mcp.example.com/mcp"
              required
            />,
            <TextField
              key="token"
              label="Bearer token"
              name="bearer_token"
              type="password"
              autoComplete="off"
              hint={
                server?.has_auth
                  ? 'Leave empty to keep the stored token. Enter it again if you change the URL.'
                  : 'Optional. Stored encrypted, and never shown again.'
              }
            />,
            server?.has_auth && <Checkbox key="clear" name="clear" label="Delete the stored token" />,
          ]}
      <TextField
        label="Timeout in seconds"
        name="call_timeout_ms"
        type="number"
        min={1}
        max={600}
        defaultValue={(server?.call_timeout_ms ?? 10_000) / 1_000}
        required
      />
      <Checkbox
        name="elicitation_enabled"
        label="May ask the user"
        hint="Its tools can ask questions in the chat while they work. Turn this on only for servers that you trust."
        defaultChecked={server?.elicitation_enabled}
      />
    </FormDialog>
  );
}

const ProgramFields = () => (
  <>
    <TextField label="Program" name="command" required hint="The workers of this platform run it." />
    <TextArea label="Arguments" name="args" rows={3} hint="One per line." />
    <TextArea label="Environment" name="env" rows={3} hint="One NAME=value per line." />
  </>
);

const linesOf = (values: FormData, name: string) =>
  textOf(values, name)
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);

const variablesOf = (values: FormData): Record<string, string> =>
  Object.fromEntries(
    linesOf(values, 'env').map((line) => {
      const [name = '', ...rest] = line.split('=');
      return [name, rest.join('=')];
    }),
  );
