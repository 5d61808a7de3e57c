import { readFile } from 'node:fs/promises';
import ipaddr from 'ipaddr.js';
import { Reader } from 'maxmind';
import { OperatorError } from '../../platform/operatorError.ts';
import type { Log } from '../../platform/telemetry/log.ts';
import { openFiles } from '../../platform/watchFiles.ts';

/** Location of an address: ISO 3166 country code, city name in English, and type of network. '' means unknown. */
export type GeoLocation = { country: string; city: string; isAnonymousProxy: boolean; isHosting: boolean };

/** `close` stops watching the file. */
export type GeoIp = { locate(ip: string): GeoLocation; close(): void };

/** The fields that are read from a record of the City layout. */
type City = {
  country?: { iso_code?: string };
  city?: { names?: { en?: string } };
  traits?: Record<'is_anonymous_proxy' | 'is_tor_exit_node' | 'is_hosting_provider', boolean | undefined>;
};

const unknownLocation: GeoLocation = { country: '', city: '', isAnonymousProxy: false, isHosting: false };

/**
 * Opens an MMDB file and reloads it when it is replaced. A replacement that cannot be read is ignored. Throws if the file cannot be read at
 * startup.
 */
export async function openGeoIp(file: string | undefined, log: Log): Promise<GeoIp> {
  if (file === undefined) return { locate: () => unknownLocation, close: () => undefined };
  const { initial, watch } = await openFiles([file], async () => new Reader<object>(await readFile(file))).catch(() => {
    throw new OperatorError('ARKLOOP_GEOIP_DB_PATH: expected a readable MMDB file');
  });
  let reader = initial;
  warnOfOtherLayout(reader, log);
  const watching = watch(
    (changed) => {
      reader = changed;
      warnOfOtherLayout(reader, log);
    },
    (err) => log.warn({ err }, 'the new GeoIP file cannot be read'),
  );
  return { locate: (ip) => locationOf(reader, ip), close: watching.close };
}

/** Addresses that every GeoIP or network database contains. */
const wellKnown = ['8.8.8.8', '1.1.1.1', '9.9.9.9', '208.67.222.222', '4.2.2.2'];

/** Warns about a file of another layout: it opens without an error, but contains no locations. */
function warnOfOtherLayout(reader: Reader<object>, log: Log) {
  const { databaseType } = reader.metadata;
  const samples = wellKnown.flatMap((ip) => [reader.get(ip)].filter((record) => record !== null));
  const isUnread = samples.length > 0 && !samples.some(isPlace);
  if (!isUnread && /city|country|enterprise/i.test(databaseType)) return;
  log.warn(
    { database_type: databaseType },
    'ARKLOOP_GEOIP_DB_PATH: the file is not of the City layout, so countries and networks stay unknown',
  );
}

const isPlace = (record: object) =>
  ['country', 'registered_country', 'traits'].some((field) => typeof (record as Record<string, unknown>)[field] === 'object');

/** Catches all errors, so that a malformed record cannot fail a request. */
function locationOf(reader: Reader<object>, ip: string): GeoLocation {
  try {
    if (isLocal(ip)) return unknownLocation;
    const found = reader.get(ip) as City | null;
    if (!found) return unknownLocation;
    const { country, city, traits } = found;
    return {
      country: textOf(country?.iso_code),
      city: textOf(city?.names?.en),
      isAnonymousProxy: traits?.is_anonymous_proxy === true || traits?.is_tor_exit_node === true,
      isHosting: traits?.is_hosting_provider === true,
    };
  } catch {
    return unknownLocation;
  }
}

/** Removes line breaks, because the access log splits its values at them. */
const textOf = (value: unknown) => (typeof value === 'string' ? value.slice(0, 200).replace(/\p{Cc}/gu, ' ') : '');
const local = new Set(['private', 'loopback', 'linkLocal', 'uniqueLocal', 'unspecified']);
const isLocal = (ip: string) => local.has(ipaddr.parse(ip).range());
