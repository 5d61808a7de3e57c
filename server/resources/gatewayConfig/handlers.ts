import { gatewayConfig } from '../../../contract/gatewayConfig.ts';
import { implement } from '../../http/pipeline/implement.ts';
import { readGatewaySettings } from '../settings/gateway.ts';
import { updateGatewayConfig } from './service.ts';
import { viewGateway } from './view.ts';

export const gatewayConfigHandlers = implement(
  gatewayConfig,
  {},
  {
    get: async ({ scope }) => ({ status: 200, body: viewGateway(await readGatewaySettings(scope.app.database)) }),
    set: async ({ scope, body }) => ({ status: 200, body: viewGateway(await updateGatewayConfig(scope, body)) }),
  },
);
