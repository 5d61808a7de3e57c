import type { Issue } from '../../../contract/shared/errors.ts';
import { permissions } from '../../../contract/shared/permissions.ts';
import type { Context } from '../context.ts';
import { checkIntegration } from '../integrations/credentials.ts';
import { visibleRows } from '../resources/generic.ts';
import { resourceType } from '../resourceTypes.ts';
import type { Json } from '../state.ts';
import { invalid } from './errors.ts';

const threads = resourceType('/v1/threads');
const teams = resourceType('/v1/teams');
const members = resourceType('/v1/accounts/{account_id}/members');

/** For all operations unless some are named. */
type Rule = { isValid(text: string, context: Context): boolean; message: string; reason: string; operations?: readonly string[] };

const isTimeZone = (text: string) => isAccepted(() => new Intl.DateTimeFormat('en', { timeZone: text })) && /^[A-Za-z]/.test(text);
const isLocale = (text: string) => isAccepted(() => Intl.getCanonicalLocales(text));

const cronField = /^(?:[\d*,/#LW-]|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat)+$/i;
const isCron = (text: string) => {
  const fields = text.trim().split(/\s+/);
  return fields.length === 5 && fields.every((field) => cronField.test(field));
};

/** What the services of the server require of fields, beyond their schemas. */
const rules: Readonly<Record<string, Rule>> = {
  timezone: { isValid: isTimeZone, message: 'must be the name of an IANA time zone', reason: 'invalid_timezone' },
  locale: { isValid: isLocale, message: 'must be a BCP 47 language tag', reason: 'invalid_locale' },
  email: {
    isValid: (text) => /^[^\s@]+@[^\s@]+$/.test(text.trim()),
    message: 'must be one email address, each part in one script',
    reason: 'invalid_email',
    operations: ['invitations.create', 'users.update'],
  },
  cron: { isValid: isCron, message: 'is not a cron pattern of five fields', reason: 'invalid_cron' },
  team_id: {
    isValid: (text, context) => visibleRows(teams, context).some(({ value }) => value.id === text),
    message: 'is not a team of the account',
    reason: 'team_not_found',
    operations: ['projects.create', 'projects.update'],
  },
  thread_id: {
    isValid: (text, context) => visibleRows(threads, context).some(({ value }) => value.id === text),
    message: 'is not a thread of yours',
    reason: 'thread_not_found',
    operations: ['schedules.create', 'schedules.update'],
  },
  user_id: {
    isValid: (text, { engine, caller }) =>
      engine.state.rows(members, ({ value }) => value.account_id === caller?.accountId && value.user_id === text).length > 0,
    message: 'is not a member of the account',
    reason: 'user_not_in_account',
    operations: ['teams.addMember'],
  },
};

/** An empty text of another field is the same as null. */
const required: readonly string[] = ['cron'];

/** Throws 400 for values that the schemas accept and the server does not. */
export function checkFields(context: Context): void {
  const { id } = context.operation;
  const body = Object(context.body) as Json;
  const issues = [
    ...issuesIn('body', body, context),
    ...(id === 'schedules.preview' ? issuesIn('query', context.query as Json, context) : []),
  ];
  if (id === 'apiKeys.create') issues.push(...unknownScopes(body.scopes));
  if (issues.length > 0) throw invalid(issues);
  checkIntegration(context);
}

const issuesIn = (location: 'body' | 'query', values: Json, context: Context): Issue[] =>
  Object.entries(rules).flatMap(([name, { isValid, message, reason, operations }]) => {
    const text = values[name];
    if (typeof text !== 'string' || operations?.includes(context.operation.id) === false) return [];
    if ((text === '' && !required.includes(name)) || isValid(text, context)) return [];
    return [{ location, path: location === 'body' ? `/${name}` : name, message, reason }];
  });

const unknownScopes = (scopes: unknown): Issue[] =>
  (Array.isArray(scopes) ? scopes : []).flatMap((scope, at) =>
    (permissions as readonly unknown[]).includes(scope)
      ? []
      : [{ location: 'body', path: `/scopes/${at}`, message: 'is not a permission' }],
  );

function isAccepted(work: () => unknown): boolean {
  try {
    work();
    return true;
  } catch {
    return false;
  }
}
