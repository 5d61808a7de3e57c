import { expect, test } from 'vitest';
import { readConfig } from '../../../server/platform/config/config.ts';
import { isOpenPort } from '../../../server/platform/network/ports.ts';
import { startHttpServer } from '../../support/agent/mcp.ts';
import { all, byKind, openResult, openResults, outbound } from '../../support/http/outbound.ts';

const moved = await startHttpServer((_req, res) => void res.writeHead(302, { location: 'https://service.example:25/' }).end());

const closedPorts = [1, 22, 23, 25, 53, 81, 110, 389, 465, 587, 636, 853, 1_023, 2_049, 5_060, 6_000, 6_667, 10_080];
const openPorts = [80, 443, 1_024, 3_000, 8_080, 8_443, 65_535];

test.each(byKind)('%s: rejects ports of other services, also in redirects', async (_, kind) => {
  // The name resolves to no address, so a URL whose port is allowed fails to connect.
  const nowhere = { resolve: async () => [] };
  const at = (ports: readonly number[], scheme = 'https') => ports.map((port) => `${scheme}://service.example:${port}/`);
  const guarded = outbound(nowhere);
  expect(await openResults(guarded, kind, at(closedPorts))).toEqual(all(at(closedPorts), 'port_denied'));
  expect(await openResults(guarded, kind, at(openPorts))).toEqual(all(at(openPorts), 'failed'));
  for (const host of ['8.8.8.8', '[2606:4700::1111]'])
    expect(await openResult(() => kind.open(guarded, `https://${host}:22/`))).toBe('port_denied');
  if (kind.policy === 'web')
    expect(await openResults(guarded, kind, at(closedPorts, 'http'))).toEqual(all(at(closedPorts, 'http'), 'port_denied'));
  const widened = outbound({ ...nowhere, extraPorts: [81, 853] });
  expect(await openResults(widened, kind, at([81, 853, 22]))).toEqual({
    ...all(at([81, 853]), 'failed'),
    ...all(at([22]), 'port_denied'),
  });
  const loose = outbound({ ...nowhere, allowLoopbackHttp: true });
  const before = moved.requests.length;
  expect(await openResult(() => kind.open(loose, moved.url))).toEqual(
    kind.follows ? 'port_denied' : expect.toBeOneOf(['opened', 'failed']),
  );
  expect(moved.requests.length - before).toBe(1);
  expect(await openResult(() => outbound({ resolve: async () => ['10.0.0.1'] }).resolveAndCheck('https://service.example:22/'))).toBe(
    'port_denied',
  );
});

test('a port that browsers block cannot be opened by configuration', () => {
  expect(readConfig({ ARKLOOP_OUTBOUND_EXTRA_PORTS: '81, 853' }).outboundExtraPorts).toEqual([81, 853]);
  for (const ports of ['22', '81,25', '6000', '0', '65536', '8e1', 'ssh', '-1'])
    expect(() => readConfig({ ARKLOOP_OUTBOUND_EXTRA_PORTS: ports })).toThrow(
      /^ARKLOOP_OUTBOUND_EXTRA_PORTS: expected ports from 1 to 65535[^\n]*$/,
    );
  expect(isOpenPort(22, [22])).toBe(false);
});
