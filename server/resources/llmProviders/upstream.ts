import type { LlmModelTest, UpstreamModel } from '../../../contract/llmProviders.ts';
import { type ListedModel, listUpstreamModels, type UpstreamCredential, UpstreamFailure } from '../../agent/providers/catalog.ts';
import { object, text } from '../../agent/providers/json.ts';
import { type ProbeKind, testModel } from '../../agent/providers/probe.ts';
import { Memory } from '../../http/memory.ts';
import { Failure, refuse } from '../../kernel/failure.ts';
import { OutboundDenied } from '../../kernel/outbound.ts';
import type { Scope } from '../../kernel/scope.ts';
import { unseal } from '../../kernel/seal.ts';
import { sealedFor } from './owner.ts';
import type { ModelRow, ProviderRow } from './queries.ts';
import * as queries from './queries.ts';

/** By provider and revision, so that a change in any process makes all of them ask again. */
const catalogues = new Memory<ListedModel[]>(200, 120_000);

/** What the upstream offers, and which of it is configured here. Throws 502, 409 `api_key_missing`, 400 `base_url_denied`. */
export async function listAvailable(scope: Scope, provider: ProviderRow): Promise<UpstreamModel[]> {
  const name = `${provider.id} ${provider.revision}`;
  const listed = catalogues.get(name) ?? (await ask(scope, provider, name));
  const models = await scope.read.rows(queries.selectModels, [[provider.id]]);
  const configured = new Set(models.map(({ model }) => model.toLowerCase()));
  return listed.map((model) => ({ ...model, configured: configured.has(model.id.toLowerCase()) }));
}

async function ask(scope: Scope, provider: ProviderRow, name: string): Promise<ListedModel[]> {
  const credential = await credentialOf(scope, provider);
  if (!credential) throw refuse('conflict', 'api_key_missing', 'The provider has no key that can be used.');
  try {
    const listed = await listUpstreamModels(credential, { outbound: scope.app.outbound });
    catalogues.set(name, listed);
    return listed;
  } catch (error) {
    throw refusalOf(error);
  }
}

function refusalOf(error: unknown) {
  if (error instanceof OutboundDenied) return refuse('invalid', 'base_url_denied', 'The base URL of the provider is not allowed.');
  if (!(error instanceof UpstreamFailure)) return error;
  return new Failure('upstream', error.message, { reason: error.reason, status_code: error.statusCode ?? null });
}

/** Send a short question to a model and say what came of it. */
export async function tryModel(scope: Scope, provider: ProviderRow, model: ModelRow): Promise<LlmModelTest> {
  const credential = await credentialOf(scope, provider);
  scope.audit({ targetId: model.id, accountId: provider.account_id });
  if (!credential) return { success: false, model_id: model.id, latency_ms: 0, error: 'The provider has no key that can be used.' };
  const route = {
    ...credential,
    model: model.model,
    openai_api_mode: provider.openai_api_mode,
    advanced_json: { ...provider.advanced_json, ...model.advanced_json },
  };
  return { model_id: model.id, ...(await testModel(route, { outbound: scope.app.outbound }, kindOf(model))) };
}

/** A model that does not chat says so by a tag, or by what its catalogue calls it. */
function kindOf({ tags, advanced_json: advanced }: ModelRow): ProbeKind {
  const words = [...tags, text(object(advanced.available_catalog).type)].map((word) => word.toLowerCase());
  return (['embedding', 'image'] as const).find((kind) => words.includes(kind)) ?? 'chat';
}

/** How to reach an upstream, with the key in the clear; undefined when the stored one does not open. */
async function credentialOf({ app, read }: Scope, provider: ProviderRow): Promise<UpstreamCredential | undefined> {
  const sealed = (await read.row(queries.selectKey, [provider.account_id, provider.id]))?.api_key_sealed;
  const { provider: provider_kind, base_url, advanced_json } = provider;
  try {
    return (
      sealed && { provider_kind, base_url, advanced_json, api_key: unseal(app.keys.encryptionKey, sealed, sealedFor(provider)).toString() }
    );
  } catch {
    return undefined;
  }
}
