import { mcp } from '../../contract/mcp.ts';
import { implement, type Implementation } from '../http/pipeline/implement.ts';
import type { EventBroker } from '../runs/follow/eventBroker.ts';

/** The broker announces the events of the runs that calls wait for. */
export const mcpHandlers = (eventBroker: EventBroker): Implementation =>
  implement(
    mcp,
    {},
    {
      async call({ scope: { app }, authenticated, body, req, signal }) {
        // The library of the protocol takes 30 MB, also in processes that no agent calls.
        const { serveMessage } = await import('./serveMessage.ts');
        return serveMessage(eventBroker, { app, authenticated, req, signal: signal() }, body);
      },
    },
  );
