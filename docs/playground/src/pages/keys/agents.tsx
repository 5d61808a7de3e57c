import { useState } from 'react';
import { Section } from '../../components/page.tsx';
import { Copyable } from '../../ui/buttons.tsx';
import { Segments } from '../../ui/fields.tsx';

const address = `${location.origin}/mcp`;
const json = (value: object) => JSON.stringify(value, undefined, 2);
/** What the program replaces. */
const variable = (name: string) => `\${${name}}`;
const bearer = (key: string) => ({ Authorization: `Bearer ${key}` });

/** The configuration of each client. The key is not part of it. */
const configurations = {
  'Claude Code': `claude mcp add --transport http arkloop ${address} --header "Authorization: Bearer $ARKLOOP_KEY"`,
  Cursor: json({ mcpServers: { arkloop: { url: address, headers: bearer(variable('env:ARKLOOP_KEY')) } } }),
  'VS Code': json({
    inputs: [{ type: 'promptString', id: 'arkloop-key', description: 'API key of Arkloop', password: true }],
    servers: { arkloop: { type: 'http', url: address, headers: bearer(variable('input:arkloop-key')) } },
  }),
};
type Agent = keyof typeof configurations;
const agents = Object.keys(configurations) as Agent[];

/** How other agents connect to the MCP server with a key. */
export function Agents() {
  const [agent, choose] = useState<Agent>('Claude Code');
  return (
    <Section title="Connect an agent">
      <p>
        With a key, other agents use your chats, runs and files as tools (Model Context Protocol), as far as its permissions allow. The{' '}
        <a href="/docs/guides/mcp-server">guide</a> has the details.
      </p>
      <div className="form">
        <Segments label="Program" value={agent} onChange={choose} options={agents.map((each) => [each, each])} />
        <Copyable text={configurations[agent]} label="Copy the configuration" />
      </div>
    </Section>
  );
}
