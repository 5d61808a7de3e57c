import type { LlmModelTest, UpstreamModel } from '../../../contract/llmProviders.ts';
import { ExpiringCache } from '../../http/cache.ts';
import type { Scope } from '../../http/scope.ts';
import { type ListedModel, listUpstreamModels, type UpstreamCredential, UpstreamFailure } from '../../models/catalog.ts';
import { type ProbeKind, testModel } from '../../models/probe.ts';
import { asObject, asText } from '../../models/wire/json.ts';
import { unseal } from '../../platform/crypto/seal.ts';
import { Failure, failWith } from '../../platform/failure.ts';
import { OutboundDenied } from '../../platform/outbound/outbound.ts';
import { knownFacts } from './knownFacts.ts';
import { sealContextOf } from './owner.ts';
import type { ModelRow, ProviderRow } from './queries.ts';
import * as queries from './queries.ts';

/** Keyed by provider and revision, so that a change makes every process load the list again. 200 entries, 2 minutes. */
const catalogCache = new ExpiringCache<ListedModel[]>(200, 120_000);

/** The models of the upstream. `configured`: the provider has the model here. Throws 502, 409 `api_key_missing`, 400 `base_url_denied`. */
export async function listAvailableModels(scope: Scope, provider: ProviderRow): Promise<UpstreamModel[]> {
  const name = `${provider.id} ${provider.revision}`;
  const listed = catalogCache.get(name) ?? (await fetchCatalog(scope, provider, name));
  const models = await scope.db.rows(queries.selectModels, { providerIds: [provider.id] });
  const configured = new Set(models.map(({ model }) => model.toLowerCase()));
  return listed.map((model) => ({ ...knownFacts(provider, model.id), ...model, configured: configured.has(model.id.toLowerCase()) }));
}

async function fetchCatalog(scope: Scope, provider: ProviderRow, name: string): Promise<ListedModel[]> {
  const credential = await credentialOf(scope, provider);
  if (!credential) throw failWith('conflict', 'api_key_missing', 'The provider has no key that can be used.');
  try {
    const listed = await listUpstreamModels(credential, { outbound: scope.app.outbound });
    catalogCache.set(name, listed);
    return listed;
  } catch (error) {
    throw toFailure(error);
  }
}

function toFailure(error: unknown) {
  if (error instanceof OutboundDenied) return failWith('invalid', 'base_url_denied', 'The base URL of the provider is not allowed.');
  if (!(error instanceof UpstreamFailure)) return error;
  return new Failure('upstream', error.message, { reason: error.reason, status_code: error.statusCode ?? null });
}

/** Sends a short prompt to a model and reports the result. Errors of the upstream are part of the result. */
export async function testUpstreamModel(scope: Scope, provider: ProviderRow, model: ModelRow): Promise<LlmModelTest> {
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

/** A tag, or the type in its catalog, marks a model that is not a chat model. */
function kindOf({ tags, advanced_json: advanced }: ModelRow): ProbeKind {
  const words = [...tags, asText(asObject(advanced.available_catalog).type)].map((word) => word.toLowerCase());
  return (['embedding', 'image'] as const).find((kind) => words.includes(kind)) ?? 'chat';
}

/** Contains the decrypted key. Returns undefined if the stored key cannot be decrypted. */
async function credentialOf({ app, db }: Scope, provider: ProviderRow): Promise<UpstreamCredential | undefined> {
  const sealed = (await db.row(queries.selectKey, { owner: provider.account_id, id: provider.id }))?.api_key_sealed;
  const { provider: provider_kind, base_url, advanced_json } = provider;
  try {
    return (
      sealed && {
        provider_kind,
        base_url,
        advanced_json,
        api_key: unseal(app.keys.encryptionKeys, sealed, sealContextOf(provider)).toString(),
      }
    );
  } catch {
    return undefined;
  }
}
