import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { boolParam, Id, Time } from './shared/fields.ts';
import { Cidr } from './shared/ipAddresses.ts';
import { pageQuery } from './shared/pagination.ts';
import type { Resource } from './shared/route.ts';

const IpRuleType = z.enum(['allowlist', 'blocklist']).meta({ id: 'IpRuleType' });

/** A network of client addresses that an account allows or blocks. */
export const IpRule = z
  .object({
    id: Id,
    account_id: Id,
    type: IpRuleType,
    cidr: z.string().meta({ description: 'The network, without host bits.' }),
    note: z.string().nullable(),
    created_at: Time,
  })
  .meta({ id: 'IpRule' });
export type IpRule = z.infer<typeof IpRule>;

export const NewIpRule = z
  .strictObject({
    type: IpRuleType,
    cidr: Cidr.meta({ description: 'An IPv4 or IPv6 address with a prefix length (RFC 4632, RFC 4291); host bits are cleared.' }),
    note: z.string().max(200).optional(),
  })
  .meta({ id: 'NewIpRule' });
export type NewIpRule = z.infer<typeof NewIpRule>;

const force = boolParam().optional().meta({
  description: 'Apply the change even if it blocks your own address. Otherwise such a change returns 409 `would_lock_out_caller`.',
});
const accountId = Id.optional().meta({ description: 'Defaults to the active account. Only platform admins can name another account.' });

const read = 'account.ip_rules.manage';
/** Platform admins can restore access for accounts that have locked themselves out. */
const orRescue = { auth: 'user', read, exempt: 'platform.admin', queryIds: { account_id: 'account' } } as const;

export const ipRules = initContract().router({
  create: {
    method: 'POST',
    path: '/v1/ip-rules',
    summary: 'Create an IP rule',
    description:
      'Requests from an address in a blocklist network are rejected with 403 `ip_blocked`. If the account has allowlist rules, so are requests from addresses outside all of their networks.',
    query: z.object({ force }),
    body: NewIpRule,
    responses: { 201: IpRule },
    metadata: { auth: 'user', read, quota: 'ip_rules', audit: ['ip_rule.create', 'ip_rule'] },
  },
  list: {
    method: 'GET',
    path: '/v1/ip-rules',
    summary: 'List the IP rules of the account, newest first',
    query: pageQuery().extend({ account_id: accountId }),
    responses: { 200: z.array(IpRule) },
    metadata: { ...orRescue, pages: 'cursor' },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/ip-rules/{rule_id}',
    summary: 'Delete an IP rule',
    query: z.object({ force, account_id: accountId }),
    body: null,
    responses: { 204: null },
    metadata: { ...orRescue, audit: ['ip_rule.delete', 'ip_rule'], extraErrors: [409] },
  },
} as const satisfies Resource);
