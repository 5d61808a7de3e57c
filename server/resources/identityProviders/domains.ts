import { domainToASCII } from 'node:url';
import type { Issue } from '../../../contract/shared/errors.ts';
import { trimEnd } from '../../../contract/shared/text.ts';
import { invalid } from '../../platform/failure.ts';
import type { EmailKey } from '../../platform/identity/identity.ts';

const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** In ASCII and lower case (UTS 46), as in the keys of addresses. Throws 400 for texts that are not domains. */
export function readDomains(typed: readonly string[]): string[] {
  const issues: Issue[] = [];
  const domains = typed.map((text, index) => {
    const domain = domainToASCII(trimEnd(text, '.'));
    if (!domain.split('.').every((part) => label.test(part)))
      issues.push({ location: 'body', path: `/allowed_email_domains/${index}`, message: 'must be a domain', reason: 'invalid_domain' });
    return domain;
  });
  if (issues.length > 0) throw invalid(issues);
  return [...new Set(domains)].sort();
}

/** Whether an address is of one of the domains. Subdomains are other domains. */
export const isOfDomain = (email: EmailKey, domains: readonly string[]): boolean =>
  domains.includes(email.slice(email.lastIndexOf('@') + 1));
