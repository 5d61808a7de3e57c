import ipaddr from 'ipaddr.js';

/** A network of one address family: an IPv4 network never contains a native IPv6 address, nor the other way round. */
export type Network = ReturnType<typeof ipaddr.parseCIDR>;

const ranges = (...list: string[]) => list.map((range) => ipaddr.parseCIDR(range));

const fakeIp = ranges('198.18.0.0/15');

const deniedIPv4 = ranges(
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
);

/* Only 2000::/3 is routed publicly. It includes documentation ranges and tunnels (Teredo, 6to4) that carry an IPv4 address past a filter. */
const publicIPv6 = ranges('2000::/3');
const deniedIPv6 = ranges('2001::/32', '2001:db8::/32', '2002::/16', '3fff::/20');

const loopback = ranges('127.0.0.0/8', '::1/128');

/** Allows for brackets, the 45 characters of an IPv6 address with an IPv4 part, and the name of an interface. */
const maxAddressLength = 128;

/** Unmaps IPv4-mapped addresses. Undefined if `text` is not an address. */
function parseAddress(text: string) {
  if (text.length > maxAddressLength) return undefined;
  const [bare = ''] = text.replace(/^\[/, '').replace(/\]$/, '').split('%', 1);
  return ipaddr.isValid(bare) ? ipaddr.process(bare) : undefined;
}

type Address = NonNullable<ReturnType<typeof parseAddress>>;
const within = (address: Address, list: readonly Network[]) =>
  list.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits));

/** Accepts addresses with and without the brackets of a URL. */
export const isAddress = (text: string) => parseAddress(text) !== undefined;

export function isLoopback(text: string) {
  const address = parseAddress(text);
  return address !== undefined && within(address, loopback);
}

/** Whether requests may go to this address: it is public, or in 198.18.0.0/15 if the fake addresses of a local resolver are trusted. */
export function isPublicAddress(text: string, trustFakeIp = false) {
  const address = parseAddress(text);
  if (!address) return false;
  if (address.kind() === 'ipv6') return within(address, publicIPv6) && !within(address, deniedIPv6);
  return !within(address, deniedIPv4) || (trustFakeIp && within(address, fakeIp));
}

/** Rewrites `::1.2.3.4` as `::102:304`: a native IPv6 address (RFC 4291, 2.5.5.1), which the parser would treat as IPv4-mapped. */
const inGroups = (text: string) =>
  text.replace(/^::(\d+)\.(\d+)\.(\d+)\.(\d+)/, (_, ...octets: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = octets.slice(0, 4).map(Number);
    return `::${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });

/** Parses CIDR notation. A network of IPv4-mapped addresses becomes an IPv4 network. */
export function parseNetwork(cidr: string): Network {
  const [address, bits] = ipaddr.parseCIDR(inGroups(cidr));
  return address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() && bits >= 96
    ? [address.toIPv4Address(), bits - 96]
    : [address, bits];
}

/** CIDR notation without host bits. */
export function networkText([address, bits]: Network): string {
  const Kind = address.kind() === 'ipv4' ? ipaddr.IPv4 : ipaddr.IPv6;
  return `${Kind.networkAddressFromCIDR(`${address}/${bits}`)}/${bits}`;
}

/** Whether one of the networks contains the address. False if `text` is not an address. */
export function isWithin(text: string, networks: readonly Network[]): boolean {
  const address = networks.length > 0 ? parseAddress(inGroups(text)) : undefined;
  return address !== undefined && within(address, networks);
}
