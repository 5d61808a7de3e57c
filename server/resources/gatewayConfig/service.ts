import type { GatewayConfigChanges } from '../../../contract/gatewayConfig.ts';
import type { Scope } from '../../kernel/scope.ts';
import { type GatewaySettings, gatewayKeys, readChangedGateway } from '../settings/gateway.ts';
import { takeTurn } from '../settings/queries.ts';
import { storeSetting } from '../settings/service.ts';
import { viewGateway } from './view.ts';

/** Store what is given; the gateways hear of it after the commit. Gives what is in force then. */
export async function changeGateway(scope: Scope, changes: GatewayConfigChanges): Promise<GatewaySettings> {
  const { app, tx, audit, skipAudit } = scope;
  await tx.row(takeTurn);
  const before = await readChangedGateway(app.database, tx);
  for (const [name, key] of Object.entries(gatewayKeys)) {
    const value = changes[name as keyof typeof gatewayKeys];
    if (value !== undefined) await storeSetting(scope, key, String(value));
  }
  const after = await readChangedGateway(app.database, tx);
  if (Object.keys(changes).length === 0) skipAudit();
  else audit({ accountId: null, targetId: null, before: viewGateway(before), after: viewGateway(after) });
  return after;
}
