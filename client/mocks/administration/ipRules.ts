import type { IpRule, ipRules as routes } from '../../../contract/ipRules.ts';
import { type RouteHandlers, untypedContext } from '../context.ts';
import { apiError } from '../http/errors.ts';
import { serveGeneric, visibleRows } from '../resources/generic.ts';
import { resourceType } from '../resourceTypes.ts';

const kind = resourceType('/v1/ip-rules');

/** IPv4 networks without host bits, as the server returns them. IPv6 networks stay as they are written. */
function networkOf(cidr: string): string {
  const [address = '', bits = ''] = cidr.split('/');
  const octets = address.split('.').map(Number);
  if (octets.length !== 4) return cidr;
  const kept = (at: number) => Math.min(8, Math.max(0, Number(bits) - 8 * at));
  return `${octets.map((octet, at) => octet & (0xff << (8 - kept(at))) & 0xff).join('.')}/${Number(bits)}`;
}

export const ipRules: Pick<RouteHandlers<typeof routes>, 'create'> = {
  create: (context) => {
    const { body } = context;
    body.cidr = networkOf(body.cidr);
    const isSame = ({ type, cidr }: IpRule) => type === body.type && cidr === body.cidr;
    if (visibleRows(kind, untypedContext(context)).some(({ value }) => isSame(value as IpRule)))
      throw apiError('conflict', 'rule_exists', 'The account has this rule.');
    return { status: 201, body: serveGeneric(untypedContext(context)).body as IpRule };
  },
};
