import { z } from 'zod';
import { boolParam, Id, Time } from './shared/fields.ts';
import { Cidr } from './shared/ipAddresses.ts';
import { pageQuery } from './shared/pagination.ts';
import { initContract, type Resource } from './shared/route.ts';

const IpRuleType = z
  .enum(['allowlist', 'blocklist'])
  .meta({ id: 'IpRuleType', description: '`blocklist` rejects the addresses of the network; `allowlist` rejects all others.' });

export const IpRule = z
  .object({
    id: Id.meta({ description: 'ID of the rule.' }),
    account_id: Id.meta({ description: 'The account that the rule protects.' }),
    type: IpRuleType.meta({ description: 'Whether the network is allowed or blocked.' }),
    cidr: z.string().meta({ description: 'The network, without host bits.' }),
    note: z.string().nullable().meta({ description: 'Remark; null if there is none.' }),
    created_at: Time.meta({ description: 'When the rule was created.' }),
  })
  .meta({ id: 'IpRule', description: 'A network of client addresses that an account allows or blocks.' });
export type IpRule = z.infer<typeof IpRule>;

export const NewIpRule = z
  .strictObject({
    type: IpRuleType.meta({ description: 'Whether to allow or block the network.' }),
    cidr: Cidr.meta({ description: 'An IPv4 or IPv6 address with a prefix length (RFC 4632, RFC 4291); host bits are cleared.' }),
    note: z.string().max(200).optional().meta({ description: 'Remark, at most 200 characters.' }),
  })
  .meta({ id: 'NewIpRule', description: 'A rule to create.' });
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
    description: 'Without rules, requests from all addresses are accepted. Platform admins can name any account.',
    query: pageQuery().extend({ account_id: accountId }),
    responses: { 200: z.array(IpRule) },
    metadata: { ...orRescue, pages: 'cursor' },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/ip-rules/{rule_id}',
    summary: 'Delete an IP rule',
    description: 'Takes effect immediately. Deleting the last allowlist rule admits all addresses that are not blocked.',
    query: z.object({ force, account_id: accountId }),
    body: null,
    responses: { 204: null },
    metadata: { ...orRescue, audit: ['ip_rule.delete', 'ip_rule'], extraErrors: [409] },
  },
} as const satisfies Resource);
