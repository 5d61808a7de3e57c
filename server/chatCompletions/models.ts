import type { ChatModel } from '../../contract/chatCompletions.ts';
import type { ReasoningMode } from '../../contract/events.ts';
import type { Scope } from '../http/scope.ts';
import { isAllowed } from '../models/routing/candidates.ts';
import { modelNotAllowed } from '../models/routing/chooseCandidate.ts';
import { fallbackRoute } from '../models/routing/fallbackRoute.ts';
import { openSnapshot, type RouteDecision } from '../models/routing/routeSnapshot.ts';
import { RunFailure } from '../models/runFailure.ts';
import { readEntitlements, type Settings } from '../resources/settings/settings.ts';
import { readStaticRouting, resolveRoute } from '../runs/execute/resolveRoute.ts';
import { modelNotFound, toFailure } from './failures.ts';
import * as queries from './queries.ts';

type Wanted = { name: string; reasoningMode: ReasoningMode; lastUserMessage: string };

/** The route of a model: a selector of runs, or else the ID of a route. Undefined if there is none that the account may use. */
export async function resolveModel(
  { app, accountId, actor }: Scope,
  settings: Settings,
  wanted: Wanted,
): Promise<RouteDecision | undefined> {
  const deps = { keys: app.keys, config: app.config, settings };
  const { name, reasoningMode: reasoning_mode, lastUserMessage: last_user_message } = wanted;
  const allowed_models = actor.models;
  const facts = { account_id: accountId, thread_id: '', persona_id: null, reasoning_mode, last_user_message, allowed_models };
  const bySelector = await resolveRoute(app.database, deps, { ...facts, model: name, route_id: null }).catch(ifMissing);
  if (bySelector) return bySelector;
  const byId = await resolveRoute(app.database, deps, { ...facts, model: null, route_id: name }).catch(ifMissing);
  if (byId || name !== stubModel || !offersStub(app)) return byId;
  if (!isAllowed(allowed_models, { model: stubModel, credential_name: stubModel })) throw modelNotAllowed(stubModel);
  return openSnapshot(deps, fallbackRoute(deps, { ...facts, model: name, role: null, run_kind: 'root' }));
}

function ifMissing(error: unknown): undefined {
  if (error instanceof RunFailure && ['routing.model_not_found', 'policy.route_not_found'].includes(error.code ?? '')) return undefined;
  throw error;
}

const stubModel = 'stub';
const offersStub = ({ config }: Scope['app']) => config.stubAgentEnabled && !readStaticRouting(config);

const viewModel = (id: string, created: string | null, owner: string): ChatModel => ({
  id,
  object: 'model',
  created: created === null ? 0 : Math.floor(Date.parse(created) / 1_000),
  owned_by: owner,
});

/** Each model under the shortest name that selects it. */
export async function listChatModels({ app, db, accountId, actor }: Scope): Promise<ChatModel[]> {
  const settings = await readEntitlements(app.database, accountId);
  const rows = await db.rows(queries.selectModels, { accountId });
  const taken = new Set<string>();
  const models = rows
    .filter(({ account_id: owner }) => owner === null || settings['feature.byok_enabled'])
    .flatMap(({ model, provider, show_in_picker: isShown, created_at }) => {
      const name = model.toLowerCase();
      const isFirst = !taken.has(name) && !model.includes('^');
      taken.add(name);
      const mayUse = isAllowed(actor.models, { model, credential_name: provider });
      return isShown && mayUse ? [viewModel(isFirst ? model : `${provider}^${model}`, created_at, provider)] : [];
    });
  const { routes = [], credentials = [] } = readStaticRouting(app.config) ?? {};
  const fixed = routes.flatMap((route) => {
    const credential = credentials.find(({ id }) => id === route.credential_id);
    const names = {
      model: credential?.provider_kind === 'stub' ? stubModel : route.model,
      credential_name: credential?.name ?? route.credential_id,
    };
    return isAllowed(actor.models, names) ? [viewModel(route.id, null, route.credential_id)] : [];
  });
  const isStubOffered = offersStub(app) && isAllowed(actor.models, { model: stubModel, credential_name: stubModel });
  const all = [...models, ...fixed, ...(isStubOffered ? [viewModel(stubModel, null, 'arkloop')] : [])];
  return [...new Map(all.toReversed().map((model) => [model.id, model])).values()].toReversed();
}

/** Throws 404 for a name that no model of the account has, 403 for a model that the account or the API key may not use. */
export async function findChatModel(scope: Scope, name: string): Promise<ChatModel> {
  const listed = (await listChatModels(scope)).find(({ id }) => id === name);
  if (listed) return listed;
  const settings = await readEntitlements(scope.app.database, scope.accountId);
  const decided = await resolveModel(scope, settings, { name, reasoningMode: 'auto', lastUserMessage: '' }).catch((error: unknown) => {
    throw toFailure(error);
  });
  if (!decided) throw modelNotFound(name);
  return viewModel(name, null, decided.event.credential_name);
}
