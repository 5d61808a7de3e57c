import type { secondFactor as secondFactorRoutes } from '../../../contract/secondFactor.ts';
import type { sessions as sessionRoutes, UserSession } from '../../../contract/sessions.ts';
import { type Caller, type Engine, type RouteHandlers, untypedContext } from '../context.ts';
import { apiError } from '../http/errors.ts';
import { resourceType } from '../resourceTypes.ts';
import type { Row, User } from '../state.ts';
import { listResult, visibleRows } from './generic.ts';

const sessionKind = resourceType('/v1/me/sessions');

const hasEnded = ({ state }: Engine, { value }: Row) => state.sessions.get(value.id as string)?.ended !== false;

export const sessions: RouteHandlers<typeof sessionRoutes> = {
  list: (context) => {
    const { engine, caller } = context;
    const rows = visibleRows(sessionKind, untypedContext(context)).filter((row) => !hasEnded(engine, row));
    for (const { value } of rows) {
      value.is_current = value.id === caller.session?.id;
      value.account_id = engine.state.sessions.get(value.id as string)!.accountId;
    }
    const { body, next } = listResult(rows, untypedContext(context), JSON.stringify(['sessions', caller.user.id]));
    return { status: 200, body: body as UserSession[], next };
  },
  deleteOthers: ({ engine, caller: { user, session } }) => {
    for (const each of engine.state.sessions.values()) if (each.userId === user.id && each !== session) each.ended = true;
    return { status: 204, body: undefined };
  },
  delete: ({ engine, loaded }) => {
    const session = engine.state.sessions.get(loaded.session_id!.value.id as string);
    if (session) session.ended = true;
    return { status: 204, body: undefined };
  },
};

/** The mock accepts this code of an authenticator app for every user, any number of times. */
const goodCode = '000000';

/** Throws 401 unless the code is right. A recovery code is used up. */
export function consumeCode({ secondFactor }: User, typed: string | null | undefined): void {
  if (!typed) throw apiError('unauthenticated', 'second_factor_invalid', 'The code is not valid.');
  const code = typed.replace(/[\s-]/g, '').toUpperCase();
  if (code === goodCode || !secondFactor) return;
  const at = secondFactor.recoveryCodes.findIndex((each) => each.replaceAll('-', '') === code);
  if (at < 0) throw apiError('unauthenticated', 'second_factor_invalid', 'The code is not valid.');
  secondFactor.recoveryCodes.splice(at, 1);
}

/** Throws 401 unless the code is right, or is left out in a session that a passkey has confirmed. */
export function requireCode({ user, session }: Pick<Caller, 'user' | 'session'>, typed: string | null | undefined): void {
  if (typed || !session?.isConfirmed) consumeCode(user, typed);
}

/** A session that a passkey has opened or confirmed needs no password, and no code. */
export function requirePassword({ user: { password }, session }: Pick<Caller, 'user' | 'session'>, typed: string | null | undefined) {
  if (!session?.isConfirmed && password !== null && typed !== password)
    throw apiError('unauthenticated', 'invalid_credentials', 'The current password is wrong.');
}

/** Returns the second factor of a user for whom it is on. Throws 409. */
function factorOf({ secondFactor }: User) {
  if (!secondFactor?.enabledAt) throw apiError('conflict', 'second_factor_disabled', 'Your second factor is off.');
  return secondFactor;
}

function requireOff({ secondFactor }: User) {
  if (secondFactor?.enabledAt) throw apiError('conflict', 'second_factor_enabled', 'Your second factor is already on.');
}

const symbols = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';
/** Ten codes. A hexadecimal digit selects one of the first 16 symbols. */
const newCodes = ({ fakes }: Engine) =>
  Array.from({ length: 10 }, () =>
    [...fakes.hex(16)]
      .map((digit) => symbols[Number.parseInt(digit, 16)])
      .join('')
      .match(/.{4}/g)!
      .join('-'),
  );

export const secondFactor: RouteHandlers<typeof secondFactorRoutes> = {
  get: ({ caller: { user } }) => ({
    status: 200,
    body: { enabled_at: user.secondFactor?.enabledAt ?? null, recovery_codes_left: user.secondFactor?.recoveryCodes.length ?? 0 },
  }),
  setUp: ({ caller, body }) => {
    const { user } = caller;
    requirePassword(caller, body.current_password);
    requireOff(user);
    user.secondFactor = { enabledAt: null, recoveryCodes: [] };
    const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';
    const login = encodeURIComponent(user.login);
    return { status: 200, body: { secret, otpauth_uri: `otpauth://totp/Arkloop:${login}?secret=${secret}&issuer=Arkloop` } };
  },
  confirm: ({ engine, caller: { user }, body }) => {
    requireOff(user);
    if (!user.secondFactor) throw apiError('conflict', 'second_factor_not_set_up', 'Start the setup of the second factor first.');
    consumeCode(user, body.code);
    user.secondFactor = { enabledAt: engine.time(), recoveryCodes: newCodes(engine) };
    return { status: 200, body: { recovery_codes: [...user.secondFactor.recoveryCodes] } };
  },
  replaceRecoveryCodes: ({ engine, caller, body }) => {
    const factor = factorOf(caller.user);
    requireCode(caller, body.code);
    factor.recoveryCodes = newCodes(engine);
    return { status: 200, body: { recovery_codes: [...factor.recoveryCodes] } };
  },
  disable: ({ caller, body }) => {
    const { user } = caller;
    requirePassword(caller, body.current_password);
    factorOf(user);
    requireCode(caller, body.code);
    delete user.secondFactor;
    return { status: 204, body: undefined };
  },
};
