import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { Cidr } from './shared/addresses.ts';
import { boolParam, Id, Time } from './shared/fields.ts';
import { pageQuery } from './shared/pages.ts';
import type { Resource } from './shared/route.ts';

const IpRuleType = z.enum(['allowlist', 'blocklist']).meta({ id: 'IpRuleType' });

/** A network of client addresses that an account lets in or keeps out. */
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

const force = boolParam()
  .optional()
  .meta({ description: 'Change the rules even if they refuse your own address from then on; else 409 `would_lock_out_caller`.' });
const accountId = Id.optional().meta({ description: 'The account, unless it is the active one: only for admins of the platform.' });

const read = 'account.ip_rules.manage';
/** An admin of the platform helps those out who have locked out themselves. */
const orRescue = { auth: 'user', read, or: 'platform.admin', queryIds: { account_id: 'account' } } as const;

/** Which client addresses may use an account. */
export const ipRules = initContract().router({
  create: {
    method: 'POST',
    path: '/v1/ip-rules',
    summary: 'Add a rule',
    description:
      'An address in a network of the blocklist is refused (403 `ip_blocked`). With any allowlist rule, so is every address that none of them holds. At most 200 rules.',
    query: z.object({ force }),
    body: NewIpRule,
    responses: { 201: IpRule },
    metadata: { auth: 'user', read, quota: 'ip_rules', audit: ['ip_rule.create', 'ip_rule'] },
  },
  list: {
    method: 'GET',
    path: '/v1/ip-rules',
    summary: 'List the rules of the account, newest first',
    query: pageQuery().extend({ account_id: accountId }),
    responses: { 200: z.array(IpRule) },
    metadata: { ...orRescue, pages: 'cursor' },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/ip-rules/{rule_id}',
    summary: 'Remove a rule',
    query: z.object({ force, account_id: accountId }),
    body: null,
    responses: { 204: null },
    metadata: { ...orRescue, audit: ['ip_rule.delete', 'ip_rule'], also: [409] },
  },
} as const satisfies Resource);
