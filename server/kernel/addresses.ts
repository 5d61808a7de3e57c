import ipaddr from 'ipaddr.js';

const ranges = (...list: string[]) => list.map((range) => ipaddr.parseCIDR(range));

const fakeIp = ranges('198.18.0.0/15');

const refusedIPv4 = ranges(
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

/* Only 2000::/3 is routed publicly; inside it lie documentation and the tunnels (Teredo, 6to4) that carry an IPv4 address past a filter. */
const publicIPv6 = ranges('2000::/3');
const refusedIPv6 = ranges('2001::/32', '2001:db8::/32', '2002::/16', '3fff::/20');

const loopback = ranges('127.0.0.0/8', '::1/128');

/** The address that `text` writes, with IPv4-mapped forms unmapped; undefined when it is no address. */
function parseAddress(text: string) {
  const bare = text.replace(/^\[|\]$|%.*$/g, '');
  return ipaddr.isValid(bare) ? ipaddr.process(bare) : undefined;
}

type Address = NonNullable<ReturnType<typeof parseAddress>>;
const within = (address: Address, list: typeof loopback) =>
  list.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits));

/** Whether `text` is an IP address, with or without the brackets of a URL. */
export const isAddress = (text: string) => parseAddress(text) !== undefined;

/** Whether `text` is an address of this machine's loopback interface. */
export function isLoopback(text: string) {
  const address = parseAddress(text);
  return address !== undefined && within(address, loopback);
}

/** Whether requests may go to this address: it is public, or in 198.18.0.0/15 while a local resolver's fake addresses are trusted. */
export function isPublicAddress(text: string, trustFakeIp = false) {
  const address = parseAddress(text);
  if (!address) return false;
  if (address.kind() === 'ipv6') return within(address, publicIPv6) && !within(address, refusedIPv6);
  return !within(address, refusedIPv4) || (trustFakeIp && within(address, fakeIp));
}
