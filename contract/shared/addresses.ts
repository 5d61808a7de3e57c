import { z } from 'zod';

/** An IPv4 or IPv6 address. */
export const IpAddress = z.union([z.ipv4(), z.ipv6()]);

/** An IPv4 or IPv6 network as an address with a prefix length (RFC 4632, RFC 4291). Zod alone takes `::/64.5` for one. */
export const Cidr = z.union([z.cidrv4(), z.cidrv6()]).refine((text) => /\/\d{1,3}$/.test(text), 'must end with a prefix length');
