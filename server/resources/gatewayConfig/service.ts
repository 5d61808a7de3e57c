import type { GatewayConfigChanges } from '../../../contract/gatewayConfig.ts';
import type { Scope } from '../../http/scope.ts';
import { gatewayKeys, type GatewaySettings, gatewaySettingText, readUncachedGatewaySettings } from '../settings/gateway.ts';
import { acquireSettingsLock } from '../settings/queries.ts';
import { storeSetting } from '../settings/service.ts';
import { viewGateway } from './view.ts';

/** Stores the given settings and returns the effective ones. Gateways are notified after the commit. */
export async function updateGatewayConfig(scope: Scope, changes: GatewayConfigChanges): Promise<GatewaySettings> {
  const { app, tx, audit, skipAudit } = scope;
  await tx.row(acquireSettingsLock);
  const before = await readUncachedGatewaySettings(app.database, tx);
  for (const name of Object.keys(gatewayKeys) as (keyof typeof gatewayKeys)[]) {
    const value = changes[name];
    if (value !== undefined) await storeSetting(scope, gatewayKeys[name], gatewaySettingText(name, value));
  }
  const after = await readUncachedGatewaySettings(app.database, tx);
  if (Object.keys(changes).length === 0) skipAudit();
  else audit({ accountId: null, targetId: null, before: viewGateway(before), after: viewGateway(after) });
  return after;
}
