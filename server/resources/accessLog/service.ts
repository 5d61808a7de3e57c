import type { AccessLogQuery } from '../../../contract/accessLog.ts';
import type { Scope } from '../../http/scope.ts';
import { firstIdOf } from '../../platform/crypto/ids.ts';
import { networkText, parseNetwork } from '../../platform/network/addresses.ts';
import { type AccessLogRow, selectEntries } from './queries.ts';

const [firstId, lastId] = ['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff'];

export async function listEntries({ db }: Scope, query: AccessLogQuery): Promise<{ rows: AccessLogRow[]; more: boolean }> {
  const {
    limit,
    before = lastId,
    since,
    ip,
    method = null,
    path = null,
    country = null,
    risk_min: minRisk = null,
    ua_type: uaType = null,
  } = query;
  const network = ip === undefined ? null : networkText(parseNetwork(toCidr(ip)));
  const bounds = { before, since: since === undefined ? firstId : lowerBoundOf(since) };
  const rows = await db.rows(selectEntries, { ...bounds, method, path, network, country, minRisk, uaType, limit: limit + 1 });
  return { rows: rows.slice(0, limit), more: rows.length > limit };
}

/** An entry id is used as it is; an instant becomes the lowest id that can be created at it. */
const lowerBoundOf = (since: string) => (since.includes(':') ? firstIdOf(new Date(since)) : since);

const toCidr = (ip: string) => (ip.includes('/') ? ip : `${ip}/${ip.includes(':') ? 128 : 32}`);
