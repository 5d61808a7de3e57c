import type { mcpConfigs as routes } from '../../../contract/mcpConfigs.ts';
import type { RouteHandlers } from '../context.ts';

/** Every authorization is granted: the address to open is the callback address with a code. */
export const mcpConfigs: RouteHandlers<typeof routes> = {
  authorize: ({ engine, params, request }) => {
    const address = new URL(`/oauth/mcp/${params.config_id}`, request.url);
    address.search = new URLSearchParams({ code: 'mock', state: 'mock' }).toString();
    return { status: 200, body: { authorization_url: address.href, expires_at: engine.time(600_000) } };
  },
  disconnect: ({ loaded }) => {
    loaded.config_id!.value.authorization = 'none';
    return { status: 204, body: undefined };
  },
};
