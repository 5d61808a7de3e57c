import { z } from 'zod';
import type { inviteCodes as inviteRoutes, OwnedInviteCode } from '../../../contract/inviteCodes.ts';
import { InviteCode, type me as meRoutes } from '../../../contract/me.ts';
import type { RedemptionCode, redemptionCodes as redemptionRoutes } from '../../../contract/redemptionCodes.ts';
import { type Caller, type Engine, type RouteHandlers, untypedContext } from '../context.ts';
import { addTransaction } from '../credits/ledger.ts';
import { addResource, createResource } from '../factory.ts';
import { apiError, invalidField, notFound } from '../http/errors.ts';
import { resourceType } from '../resourceTypes.ts';
import type { Row } from '../state.ts';
import { listResult, visibleRows } from './generic.ts';

const inviteKind = resourceType('/v1/admin/invite-codes');
const flagKind = resourceType('/v1/feature-flags');
const redemptionKind = resourceType('/v1/admin/redemption-codes');
const day = 86_400_000;
/** The invite codes of a user, newest first. */
const invitesOf = ({ state }: Engine, { user }: Caller) =>
  state.rows(inviteKind, ({ value }) => value.user_id === user.id).map(({ value }) => value as OwnedInviteCode);

function makeInvite(engine: Engine, caller: Caller): OwnedInviteCode {
  const code = engine.fakes.of(InviteCode.shape.code, `invite code ${++engine.state.fakeCount}`);
  const { login: user_login, email: user_email } = caller.user;
  return addResource(engine, inviteKind, { code, is_active: true, user_login, user_email }, caller, {}).value as OwnedInviteCode;
}

/** Redeeming a code does not change entitlements in the mock. */
export const ownCodes: RouteHandlers<Pick<typeof meRoutes, 'inviteCode' | 'resetInviteCode' | 'redeem'>> = {
  inviteCode: ({ engine, caller }) => {
    const active = invitesOf(engine, caller).find(({ is_active: is }) => is);
    return { status: 200, body: active ?? makeInvite(engine, caller) };
  },
  resetInviteCode: ({ engine, caller }) => {
    const before = invitesOf(engine, caller);
    const left = before[0] ? Math.ceil((Date.parse(before[0].created_at) + day - engine.now()) / 1000) : 0;
    if (left > 0) throw apiError('rate_limited', 'invite_code_reset_cooldown', 'Too many requests.', {}, { 'retry-after': String(left) });
    for (const code of before) code.is_active = false;
    return { status: 200, body: makeInvite(engine, caller) };
  },
  redeem: ({ engine, caller: { user, accountId }, body }) => {
    const { state, now } = engine;
    const typed = body.code.toUpperCase();
    const [row] = state.rows(redemptionKind, ({ value }) => value.code === typed);
    if (!row) throw notFound();
    const code = row.value as RedemptionCode;
    const mark = `${code.id} ${user.id}`;
    if (!code.is_active) throw codeConflict('code_inactive', 'This code is no longer of use.');
    if (code.expires_at !== null && Date.parse(code.expires_at) <= now()) throw codeConflict('code_expired', 'This code has expired.');
    if (code.use_count >= code.max_uses) throw codeConflict('code_exhausted', 'This code has been used up.');
    if (state.redeemed.has(mark)) throw codeConflict('already_redeemed', 'You have redeemed this code before.');
    state.redeemed.add(mark);
    code.use_count++;
    const { id: referenceId, type, value } = code;
    const by = { cause: 'redemption_code' as const, referenceId, userId: user.id };
    if (type === 'credits') addTransaction(engine, accountId, { amount: Number(value), ...by });
    return { status: 200, body: code };
  },
};

const codeConflict = (reason: string, message: string) => apiError('conflict', reason, message);

export const inviteCodes: RouteHandlers<typeof inviteRoutes> = {
  list: (context) => {
    const sought = context.query.q?.toLowerCase() ?? '';
    const isSought = ({ code, user_login, user_email }: OwnedInviteCode) =>
      [code, user_login, user_email].some((text) => text?.toLowerCase().includes(sought));
    const rows = visibleRows(inviteKind, untypedContext(context)).filter(({ value }) => isSought(value as OwnedInviteCode));
    const { body, next } = listResult(rows, untypedContext(context), JSON.stringify(['invite codes', sought]));
    return { status: 200, body: body as OwnedInviteCode[], next };
  },
};

const RedemptionText = z.string().regex(/^[A-HJ-NP-Z2-9]{4}(?:-[A-HJ-NP-Z2-9]{4}){3}$/);

export const redemptionCodes: RouteHandlers<typeof redemptionRoutes> = {
  createBatch: (context) => {
    const { engine, body } = context;
    const isFlag = ({ value }: Row) => value.key === body.value && value.supports_account_overrides === true;
    if (body.type === 'feature' && engine.state.rows(flagKind, isFlag).length === 0)
      throw invalidField('/value', 'is no feature flag that accounts may override', 'flag_not_found');
    const rows = Array.from({ length: body.count }, () => {
      const code = engine.fakes.of(RedemptionText, `redemption code ${engine.state.fakeCount}`);
      const value = createResource(redemptionKind.model, untypedContext({ ...context, body: { ...context.body, code } }));
      return engine.state.add(redemptionKind, { owner: 'platform', parents: {}, value }).value as RedemptionCode;
    });
    return { status: 201, body: rows };
  },
};
