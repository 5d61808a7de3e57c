import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { openGeoIp } from '../../server/gateway/caller/geoIp.ts';
import { startTestApp } from '../support/app/testApp.ts';
import { buildMmdb } from '../support/gateway/mmdb.ts';
import { accessLogLines, trustedProxyEnv } from '../support/gateway/testGateway.ts';
import { echo, startGatewayTo, startUpstream } from '../support/gateway/upstream.ts';

const app = await startTestApp({}, { worker: false });
const log = pino({ level: 'silent' });

function fileOf(content: Buffer | string) {
  const folder = mkdtempSync(join(tmpdir(), 'arkloop-geo-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'city.mmdb');
  writeFileSync(file, content);
  return file;
}

const places = {
  '203.0.113.0/24': { country: { iso_code: 'NZ' }, city: { names: { en: 'Auckland' } } },
  '198.51.100.0/24': { country: { iso_code: 'DE' }, traits: { is_anonymous_proxy: true, is_hosting_provider: true } },
  '192.0.2.0/24': { country: 'not a record', city: { names: [] } },
  '10.0.0.0/8': { country: { iso_code: 'XX' } },
};

test('country, city and network type are looked up, forwarded, added to the risk score and logged', async () => {
  const { url } = await startUpstream(echo);
  const env = { ...trustedProxyEnv, ARKLOOP_GATEWAY_TRUSTED_CIDRS: '127.0.0.0/8', ARKLOOP_GEOIP_DB_PATH: fileOf(buildMmdb(places)) };
  const { address } = await startGatewayTo(url, { ...env, ARKLOOP_GATEWAY_RISK_REJECT_THRESHOLD: '0.9' }, { databaseUrl: app.databaseUrl });
  const agent = `Mozilla/5.0 geo-${Date.now()}`;
  const from = (ip: string) =>
    fetch(`${address}/v1/x`, { headers: { 'x-forwarded-for': ip, 'user-agent': agent, 'x-client-country': 'ZZ' } });
  const seen = (await (await from('203.0.113.5')).json()) as { headers: Record<string, string> };
  expect(seen.headers).toMatchObject({ 'x-client-country': 'NZ', 'x-risk-score': '0.10', 'x-ua-type': 'browser' });
  expect((await from('198.51.100.5')).status).toBe(403);
  for (const ip of ['192.0.2.5', '10.1.2.3', '8.8.8.8', '2001:db8::1']) {
    const { headers } = (await (await from(ip)).json()) as { headers: Record<string, string> };
    expect([ip, headers['x-client-country']]).toEqual([ip, undefined]);
  }
  const lines = await accessLogLines(app, 'user_agent = $1', [agent], 6);
  // The ids of requests within one millisecond have no order.
  const of = (ip: string) => lines.find((line) => line.client_ip === ip);
  expect(of('203.0.113.5')).toMatchObject({ country: 'NZ', city: 'Auckland', risk_score: 0.1 });
  expect(of('198.51.100.5')).toMatchObject({ country: 'DE', city: '', risk_score: 1, status_code: 403 });
});

test('startup fails if the file cannot be read; a replaced file is reloaded, a broken replacement is ignored', async () => {
  for (const file of [fileOf('nonsense'), '/nowhere/city.mmdb'])
    await expect(openGeoIp(file, log)).rejects.toThrow('ARKLOOP_GEOIP_DB_PATH: expected a readable MMDB file');
  const file = fileOf(buildMmdb({ '203.0.113.0/24': { country: { iso_code: 'NZ' } } }));
  const complaints: string[] = [];
  const complaining = pino({ level: 'warn' }, { write: (line: string) => void complaints.push(JSON.parse(line).msg) });
  const geo = await openGeoIp(file, complaining);
  onTestFinished(geo.close);
  const country = () => geo.locate('203.0.113.1').country;
  const replace = (content: Buffer | string) => {
    writeFileSync(`${file}.new`, content);
    renameSync(`${file}.new`, file);
  };
  expect(country()).toBe('NZ');
  replace(buildMmdb({ '203.0.113.0/24': { country: { iso_code: 'FR' } } }));
  await expect.poll(country).toBe('FR');
  replace('nonsense');
  await expect.poll(() => complaints).toEqual(['the new GeoIP file cannot be read']);
  expect(country()).toBe('FR');
});

test('a file of another layout is logged as one warning', async () => {
  const lines: { msg: string; database_type?: string }[] = [];
  const listening = pino({ level: 'warn' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const open = async (content: Buffer) => (await openGeoIp(fileOf(content), listening)).close();
  await open(buildMmdb(places));
  await open(buildMmdb({ ...places, '8.8.8.0/24': { country: { iso_code: 'US' } } }));
  expect(lines).toEqual([]);
  const another = { msg: expect.stringMatching(/^ARKLOOP_GEOIP_DB_PATH: the file is not of the City layout/) };
  await open(buildMmdb({ '203.0.113.0/24': { autonomous_system_number: 1 } }, 'Test-ASN'));
  expect(lines.splice(0)).toMatchObject([{ ...another, database_type: 'Test-ASN' }]);
  // Flat records under the name of the City layout.
  await open(buildMmdb({ '8.8.8.0/24': { country: 'US', city: 'Nowhere' } }));
  expect(lines).toMatchObject([another]);
});
