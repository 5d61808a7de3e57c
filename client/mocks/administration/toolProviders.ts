import { inconsistentValues } from '../../../contract/shared/fields.ts';
import {
  type toolProviders as routes,
  ToolGroup,
  type ToolProvider,
  toolProviderFacts,
  ToolProviderName,
} from '../../../contract/toolProviders.ts';
import type { Caller, Engine, RouteHandlers } from '../context.ts';
import { invalidField, notFound } from '../http/errors.ts';
import { checkUrl, readBaseUrl, requireSecretForMove } from '../http/outboundUrls.ts';
import type { Json } from '../state.ts';

/** What an owner has set of a provider. */
type Settings = Pick<ToolProvider, 'provider_name' | 'is_active' | 'key_prefix' | 'base_url'>;

type Owned = { engine: Engine; caller: Caller; query: { scope: 'account' | 'platform' } };
type Named = Owned & { params: { group: string; provider: string } };

const settingsKind = { name: 'settings of tool providers' };

const ownerOf = ({ caller, query }: Owned) => (query.scope === 'platform' ? 'platform' : caller.accountId);

const settingsOf = (context: Owned): Settings[] =>
  context.engine.state.rows(settingsKind, ({ owner }) => owner === ownerOf(context)).map(({ value }) => value as Settings);

const viewProvider = (provider_name: ToolProviderName, settings: readonly Settings[]): ToolProvider => {
  const { group: group_name, needsKey: requires_api_key, needsUrl: requires_base_url } = toolProviderFacts[provider_name];
  const { is_active = false, key_prefix = null, base_url = null } = settings.find((each) => each.provider_name === provider_name) ?? {};
  const configured = (!requires_api_key || key_prefix !== null) && (!requires_base_url || base_url !== null);
  return { group_name, provider_name, is_active, key_prefix, base_url, requires_api_key, requires_base_url, configured };
};

/** The provider that the path names. Throws 404 if it is not in the group. */
function providerNamed({ params: { group, provider } }: Named): ToolProviderName {
  const name = ToolProviderName.options.find((each) => each === provider);
  if (!name || toolProviderFacts[name].group !== group) throw notFound();
  return name;
}

function changeableSettings(context: Named): Settings {
  const provider_name = providerNamed(context);
  const known = settingsOf(context).find((each) => each.provider_name === provider_name);
  if (known) return known;
  const value: Settings & Json = { provider_name, is_active: false, key_prefix: null, base_url: null };
  context.engine.state.add(settingsKind, { owner: ownerOf(context), parents: {}, value });
  return value;
}

/** The platform may use internal addresses for providers that it runs itself. */
function readUrl(context: Owned, name: ToolProviderName, text: string): string {
  const url = readBaseUrl(text, true);
  const mayBeInternal = ownerOf(context) === 'platform' && (name === 'web_search.searxng' || name === 'web_fetch.firecrawl');
  if (!mayBeInternal) checkUrl('/base_url', text, 'https');
  return url;
}

function maskOf(key: string) {
  const points = [...key];
  return points.length < 12 ? `${points.slice(0, 2).join('')}****` : `${points.slice(0, 5).join('')}****${points.slice(-4).join('')}`;
}

export const toolProviders: RouteHandlers<typeof routes> = {
  list: (context) => {
    const settings = settingsOf(context);
    const groups = ToolGroup.options.map((group_name) => ({
      group_name,
      providers: ToolProviderName.options
        .filter((name) => toolProviderFacts[name].group === group_name)
        .map((name) => viewProvider(name, settings)),
    }));
    return { status: 200, body: { groups } };
  },
  activate: (context) => {
    const chosen = changeableSettings(context);
    const { group } = toolProviderFacts[chosen.provider_name];
    for (const each of settingsOf(context)) if (toolProviderFacts[each.provider_name].group === group) each.is_active = each === chosen;
    return { status: 204, body: undefined };
  },
  deactivate: (context) => {
    changeableSettings(context).is_active = false;
    return { status: 204, body: undefined };
  },
  setCredential: (context) => {
    const { api_key, base_url } = context.body;
    const settings = changeableSettings(context);
    if (base_url === '' && toolProviderFacts[settings.provider_name].needsUrl)
      throw invalidField('/base_url', 'must not be blank', inconsistentValues.reason);
    const url = base_url ? readUrl(context, settings.provider_name, base_url) : undefined;
    if (url !== undefined && !api_key && settings.key_prefix !== null)
      requireSecretForMove('/api_key', { from: { url: settings.base_url }, to: { url } });
    if (api_key) settings.key_prefix = maskOf(api_key);
    if (url !== undefined) settings.base_url = url;
    return { status: 204, body: undefined };
  },
  clearCredential: (context) => {
    changeableSettings(context).key_prefix = null;
    return { status: 204, body: undefined };
  },
};
