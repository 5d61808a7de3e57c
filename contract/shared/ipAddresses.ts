import { z } from 'zod';

export const IpAddress = z.union([z.ipv4(), z.ipv6()]).meta({ id: 'IpAddress', description: 'An IPv4 or IPv6 address.' });

/** An address with a prefix length (RFC 4632, RFC 4291). Zod alone accepts `::/64.5`. */
export const Cidr = z
  .union([z.cidrv4(), z.cidrv6()])
  .refine((text) => /\/\d{1,3}$/.test(text), 'must end with a prefix length')
  .meta({ id: 'Cidr', description: 'A network in CIDR notation (RFC 4632, RFC 4291).' });
