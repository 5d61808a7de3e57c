import type { adminErasures as adminRoutes, ErasureDetails, erasures as routes } from '../../../contract/erasures.ts';
import type { Caller, Engine, RouteHandlers } from '../context.ts';
import { apiError, invalidField, notFound } from '../http/errors.ts';
import { accountOfAdmin, hasAdmin } from '../keys/closedToServiceKeys.ts';
import { requirePassword } from '../resources/security.ts';
import { resourceType } from '../resourceTypes.ts';
import type { Row } from '../state.ts';

const ownKind = resourceType('/v1/me/erasures');
const anyKind = resourceType('/v1/admin/erasures');
const graceMs = 14 * 86_400_000;

type Account = { id?: unknown; slug?: unknown };

/** The mocks have no worker: an erasure stays scheduled until it is canceled. */
function schedule(
  { engine, caller }: { engine: Engine; caller: Caller },
  { id: accountId, slug }: Account,
  more: Partial<ErasureDetails>,
): ErasureDetails {
  if (openOf(engine, accountId as string)) throw apiError('conflict', 'erasure_exists', 'The account has an erasure that has not ended.');
  const value: ErasureDetails = {
    id: engine.fakes.id(engine.now()),
    account_id: accountId as string,
    account_slug: slug as string,
    user_id: null,
    state: 'scheduled',
    requested_by_user_id: caller.user.id,
    requested_by_service_key_id: caller.serviceKeyId ?? null,
    reference: null,
    due_at: engine.time(graceMs),
    waiting_for: null,
    progress: { rows_deleted: 0, rows_anonymized: 0, files_deleted: 0, bytes_deleted: 0 },
    created_at: engine.time(),
    cancelled_at: null,
    started_at: null,
    finished_at: null,
    report: null,
    proof: null,
    ...more,
  };
  engine.state.add(ownKind, { owner: caller.user.id, parents: {}, value });
  engine.state.add(anyKind, { owner: 'platform', parents: {}, value });
  return value;
}

const openOf = ({ state }: Engine, accountId: string): ErasureDetails | undefined =>
  state.rows(anyKind, ({ value }) => value.account_id === accountId && value.state === 'scheduled')[0]?.value as ErasureDetails | undefined;

const summaryOf = ({ report: _, proof: __, ...summary }: ErasureDetails) => summary;

function checkSlug(slug: string, account: Account) {
  if (slug !== account.slug) throw invalidField('/slug', 'must be the slug of the account', 'slug_mismatch');
}

/** Throws 404 if none is scheduled. */
function requireOpen(engine: Engine, loaded: Record<string, Row>): ErasureDetails {
  const open = openOf(engine, loaded.account_id!.value.id as string);
  if (!open) throw notFound();
  return open;
}

function cancel(engine: Engine, erasure: ErasureDetails) {
  if (erasure.state !== 'scheduled') throw apiError('conflict', 'erasure_running', 'The erasure has begun or has ended.');
  Object.assign(erasure, { state: 'cancelled', cancelled_at: engine.time() });
}

const referenceOf = ({ reference }: { reference?: string | null | undefined }) => ({ reference: reference ?? null });

export const erasures: Omit<RouteHandlers<typeof routes>, 'mine' | 'get'> = {
  request: (context) => {
    const { loaded, body, caller } = context;
    const account = loaded.account_id!.value;
    requirePassword(caller, body.current_password);
    checkSlug(body.slug, account);
    if (account.type === 'personal') throw apiError('conflict', 'personal_account', 'This is not possible in a personal account.');
    return { status: 201, body: summaryOf(schedule(context, account, referenceOf(body))) };
  },
  current: ({ engine, loaded }) => ({ status: 200, body: summaryOf(requireOpen(engine, loaded)) }),
  cancel: ({ engine, loaded }) => {
    cancel(engine, requireOpen(engine, loaded));
    return { status: 204, body: undefined };
  },
  keys: () => ({ status: 200, body: { keys: [] } }),
};

function requirePasswordOfPerson({ caller, body }: { caller: Caller; body: { current_password?: string | null | undefined } }) {
  if (caller.serviceKeyId === undefined) requirePassword(caller, body.current_password);
}

export const adminErasures: Omit<RouteHandlers<typeof adminRoutes>, 'list' | 'get'> = {
  account: (context) => {
    const { engine, loaded, body } = context;
    requirePasswordOfPerson(context);
    const account = loaded.account_id!.value;
    checkSlug(body.slug, account);
    if (account.type === 'personal' && engine.state.users.has(account.owner_user_id as string))
      throw apiError('conflict', 'user_not_deleted', 'Delete the user first.');
    if (context.caller.serviceKeyId !== undefined && hasAdmin(engine, account.id))
      throw accountOfAdmin('A service key cannot erase an account with a platform admin as member.');
    return { status: 201, body: summaryOf(schedule(context, account, referenceOf(body))) };
  },
  user: (context) => {
    const { engine, loaded, body } = context;
    const userId = loaded.user_id!.value.id as string;
    if (engine.state.users.has(userId)) throw apiError('conflict', 'user_not_deleted', 'Delete the user first.');
    requirePasswordOfPerson(context);
    const home = { id: engine.fakes.id(engine.now()), slug: `personal-${userId.slice(0, 8)}` };
    return { status: 201, body: summaryOf(schedule(context, home, { ...referenceOf(body), user_id: userId })) };
  },
  cancel: ({ engine, loaded }) => {
    cancel(engine, loaded.erasure_id!.value as ErasureDetails);
    return { status: 204, body: undefined };
  },
};
