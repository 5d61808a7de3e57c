import type { FeatureFlag, FlagOverride } from '../../../contract/featureFlags.ts';
import type { me as meRoutes } from '../../../contract/me.ts';
import type { Memory, memories as memoryRoutes } from '../../../contract/memories.ts';
import type { Notification, notifications as notificationRoutes } from '../../../contract/notifications.ts';
import { permissions } from '../../../contract/shared/permissions.ts';
import { type Context, type RouteHandlers, untypedContext } from '../context.ts';
import { createResource, ownerOf } from '../factory.ts';
import { lacksSecondFactor } from '../http/access.ts';
import { notFound } from '../http/errors.ts';
import { resourceType } from '../resourceTypes.ts';
import type { Json, Row } from '../state.ts';
import { ownCodes } from './codes.ts';
import { listResult, serveGeneric, visibleRows } from './generic.ts';
import { isVerified } from './people.ts';
import { requirePassword } from './security.ts';

const accounts = resourceType('/v1/accounts');
const flagKind = resourceType('/v1/feature-flags');
const overrideKind = resourceType('/v1/feature-flags/{key}/account-overrides');
const memoryKind = resourceType('/v1/memories');
const notificationKind = resourceType('/v1/notifications');

export const me: RouteHandlers<typeof meRoutes> = {
  ...ownCodes,
  get: ({ engine, caller }) => {
    const { id, username, login, email, timezone, locale, isAdmin, created_at } = caller.user;
    const [account] = engine.state.rows(accounts, ({ owner, value }) => owner === id && value.id === caller.accountId);
    const { name, role, timezone: account_timezone } = account!.value as { name: string; role: string; timezone: string | null };
    const of = {
      id,
      username,
      login,
      email,
      email_verified: isVerified(engine.state, caller.user),
      email_verification_required: false,
      timezone,
      account_timezone,
      locale,
    };
    const held = permissions.filter((permission) => caller.permissions.has(permission));
    const here = { account_id: caller.accountId, account_name: name, role: isAdmin ? 'platform_admin' : role, permissions: held };
    const second_factor_missing = lacksSecondFactor(engine, account!.value, caller);
    return { status: 200, body: { ...of, created_at, ...here, second_factor_missing } };
  },
  update: ({ caller: { user }, body }) => {
    user.username = body.username?.trim() ?? user.username;
    if (body.timezone !== undefined) user.timezone = body.timezone || null;
    if (body.locale !== undefined) user.locale = body.locale || null;
    return { status: 200, body: { username: user.username, timezone: user.timezone, locale: user.locale } };
  },
  featureFlags: ({ engine: { state }, caller }) => {
    const own = state.rows(overrideKind, ({ value }) => value.account_id === caller.accountId).map(({ value }) => value as FlagOverride);
    const valueFor = ({ key, default_value }: FeatureFlag) => own.find(({ flag_key }) => flag_key === key)?.enabled ?? default_value;
    const flags = state.rows(flagKind).map(({ value }) => value as FeatureFlag);
    return { status: 200, body: Object.fromEntries(flags.map((flag) => [flag.key, valueFor(flag)])) };
  },
  changePassword: ({ engine, caller, body }) => {
    const { user, session } = caller;
    requirePassword(caller, body.current_password);
    user.password = body.new_password;
    for (const each of engine.state.sessions.values()) if (each.userId === user.id && each !== session) each.ended = true;
    return { status: 204, body: undefined };
  },
};

/** Whether a notification is about an account of which the user is still a member. */
const isOfMember =
  ({ state }: Context['engine'], userId: string) =>
  ({ value: { account_id: id } }: Row) =>
    state.rows(accounts, ({ owner, value }) => owner === userId && value.id === id).length > 0;

export const notifications: RouteHandlers<typeof notificationRoutes> = {
  list: (context) => {
    const { unread_only: unread, type } = context.query;
    const rows = visibleRows(notificationKind, untypedContext(context))
      .filter(({ value }) => (type ?? value.type) === value.type && !(unread && value.read_at !== null))
      .filter(isOfMember(context.engine, context.caller.user.id));
    const { body, next } = listResult(
      rows,
      untypedContext(context),
      JSON.stringify(['notifications', context.caller.user.id, unread, type]),
    );
    return { status: 200, body: body as { data: Notification[] }, next };
  },
  readAll: ({ engine, caller }) => {
    const unread = engine.state
      .rows(notificationKind, ({ owner, value }) => owner === caller.user.id && value.read_at === null)
      .filter(isOfMember(engine, caller.user.id));
    for (const { value } of unread) value.read_at = engine.time();
    return { status: 200, body: { ok: true, count: unread.length } };
  },
  read: ({ engine, loaded }) => {
    const value: Json = loaded.notification_id!.value;
    value.read_at ??= engine.time();
    return { status: 200, body: { ok: true } };
  },
};

/** The memories of the caller in the account, newest first. Those that a test has added without a user belong to all members. */
const memoriesOf = (context: object): Row[] => {
  const { id } = untypedContext(context).caller!.user;
  return visibleRows(memoryKind, untypedContext(context)).filter(({ parents }) => (parents.user_id ?? id) === id);
};

const ownMemory = (context: object): Row => {
  const row = memoriesOf(context).find((each) => each === untypedContext(context).loaded.memory_id);
  if (!row) throw notFound();
  return row;
};

const memoryOf = ({ value }: Row) => value as Memory;
const factOf = (content: string) =>
  content
    .toLowerCase()
    .replace(/\s+/g, ' ')
    .replace(/[.。]$/, '');

/** Each user has their own. The same fact is kept once. */
export const memories: RouteHandlers<typeof memoryRoutes> = {
  create: (context) => {
    const { engine, caller, body } = context;
    const known = memoriesOf(context).find((row) => factOf(memoryOf(row).content) === factOf(body.content));
    if (known) {
      Object.assign(known.value, { content: body.content, source: 'user', thread_id: null, updated_at: engine.time() });
      engine.state.touch(known);
      return { status: 200, body: memoryOf(known) };
    }
    const value = createResource(memoryKind.model, untypedContext(context));
    const row = engine.state.add(memoryKind, { owner: ownerOf(memoryKind, context), parents: { user_id: caller.user.id }, value });
    return { status: 201, body: memoryOf(row) };
  },
  list: (context) => {
    const { q = '' } = context.query;
    const words = q.toLowerCase().split(/\s+/);
    const rows = memoriesOf(context).filter((row) => words.every((word) => memoryOf(row).content.toLowerCase().includes(word)));
    const { body, next } = listResult(rows, untypedContext(context), JSON.stringify(['memories', context.caller.user.id, q]));
    return { status: 200, body: body as Memory[], next };
  },
  deleteAll: (context) => {
    const own = memoriesOf(context);
    context.engine.state.remove(memoryKind, (row) => own.includes(row));
    return { status: 204, body: undefined };
  },
  get: (context) => ({ status: 200, body: memoryOf(ownMemory(context)) }),
  update: (context) => {
    const row = ownMemory(context);
    const body = serveGeneric(untypedContext(context)).body as Memory;
    Object.assign(row.value, { source: 'user', thread_id: null });
    const same = memoriesOf(context).filter((each) => each !== row && factOf(memoryOf(each).content) === factOf(body.content));
    context.engine.state.remove(memoryKind, (each) => same.includes(each));
    context.engine.state.touch(row);
    return { status: 200, body };
  },
  delete: (context) => {
    ownMemory(context);
    serveGeneric(untypedContext(context));
    return { status: 204, body: undefined };
  },
};
