import { readFile, stat } from 'node:fs/promises';
import ipaddr from 'ipaddr.js';
import { Reader } from 'maxmind';
import type { Log } from '../kernel/log.ts';
import { OperatorError } from '../kernel/operatorError.ts';

/** Where an address is: ISO country, city in English, and what kind of network it belongs to; '' is unknown. */
export type Place = { country: string; city: string; isAnonymousProxy: boolean; isHosting: boolean };

/** Places of addresses, and the end of following the file. */
export type Geo = { placeOf(ip: string): Place; close(): void };

/** What is read of a record in the City layout. */
type City = {
  country?: { iso_code?: string };
  city?: { names?: { en?: string } };
  traits?: Record<'is_anonymous_proxy' | 'is_tor_exit_node' | 'is_hosting_provider', boolean | undefined>;
};

const nowhere: Place = { country: '', city: '', isAnonymousProxy: false, isHosting: false };
const lookMs = 2_000;

/** Follow an MMDB file: it is read again when it is replaced, and one that cannot be read then is left out. Throws when there is none at start. */
export async function openGeo(file: string | undefined, log: Log): Promise<Geo> {
  if (file === undefined) return { placeOf: () => nowhere, close: () => undefined };
  let [reader, seen] = await Promise.all([read(file), stampOf(file)]).catch(() => {
    throw new OperatorError('ARKLOOP_GEOIP_DB_PATH: expected a readable MMDB file');
  });
  tellLayout(reader, log);
  const look = async () => {
    const stamp = await stampOf(file);
    if (stamp === seen) return;
    seen = stamp;
    reader = await read(file);
    tellLayout(reader, log);
  };
  const timer = setInterval(() => {
    look().catch((err) => log.warn({ err }, 'the new GeoIP file cannot be read'));
  }, lookMs).unref();
  return { placeOf: (ip) => placeIn(reader, ip), close: () => clearInterval(timer) };
}

/** Addresses that every database of places or networks knows something about. */
const wellKnown = ['8.8.8.8', '1.1.1.1', '9.9.9.9', '208.67.222.222', '4.2.2.2'];

/** A file of another layout is read without an error, and tells nothing of any address. */
function tellLayout(reader: Reader<object>, log: Log) {
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

const read = async (file: string) => new Reader(await readFile(file));

async function stampOf(file: string) {
  const { ino, mtimeMs, size } = await stat(file);
  return `${ino} ${mtimeMs} ${size}`;
}

/** Nothing that is wrong with a record may keep a request from being answered. */
function placeIn(reader: Reader<object>, ip: string): Place {
  try {
    if (isLocal(ip)) return nowhere;
    const found = reader.get(ip) as City | null;
    if (!found) return nowhere;
    const { country, city, traits } = found;
    return {
      country: textOf(country?.iso_code),
      city: textOf(city?.names?.en),
      isAnonymousProxy: traits?.is_anonymous_proxy === true || traits?.is_tor_exit_node === true,
      isHosting: traits?.is_hosting_provider === true,
    };
  } catch {
    return nowhere;
  }
}

/** One line, whatever the file holds. */
const textOf = (value: unknown) => (typeof value === 'string' ? value.slice(0, 200).replace(/\p{Cc}/gu, ' ') : '');
const local = new Set(['private', 'loopback', 'linkLocal', 'uniqueLocal', 'unspecified']);
const isLocal = (ip: string) => local.has(ipaddr.parse(ip).range());
