import type { AccessLogQuery } from '../../../contract/accessLog.ts';
import { networkText, parseNetwork } from '../../kernel/addresses.ts';
import { firstIdOf } from '../../kernel/ids.ts';
import type { Scope } from '../../kernel/scope.ts';
import { type AccessLogRow, selectLines } from './queries.ts';

const [firstId, lastId] = ['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff'];

/** The lines of a page, and whether there are more. */
export async function listLines({ read }: Scope, query: AccessLogQuery): Promise<{ rows: AccessLogRow[]; more: boolean }> {
  const {
    limit,
    before = lastId,
    since,
    method = null,
    path = null,
    ip,
    country = null,
    risk_min: risk = null,
    ua_type: agent = null,
  } = query;
  const network = ip === undefined ? null : networkText(parseNetwork(asNetwork(ip)));
  const bounds = [before, since === undefined ? firstId : idOf(since)];
  const rows = await read.rows(selectLines, [...bounds, method, path, network, country, risk, agent, limit + 1]);
  return { rows: rows.slice(0, limit), more: rows.length > limit };
}

/** The first id that counts: of an entry its own, of an instant the least that was made in it. */
const idOf = (since: string) => (since.includes(':') ? firstIdOf(new Date(since)) : since);

/** An address is a network of one. */
const asNetwork = (ip: string) => (ip.includes('/') ? ip : `${ip}/${ip.includes(':') ? 128 : 32}`);
