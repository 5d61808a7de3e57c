import { mcp } from '../../contract/mcp.ts';
import { implement, type Implementation } from '../http/pipeline/implement.ts';
import type { EventBroker } from '../runs/follow/eventBroker.ts';
import { serveMessage } from './serveMessage.ts';

/** The broker announces the events of the runs that calls wait for. */
export const mcpHandlers = (eventBroker: EventBroker): Implementation =>
  implement(
    mcp,
    {},
    {
      call: ({ scope: { app }, authenticated, body, req, signal }) =>
        serveMessage(eventBroker, { app, authenticated, req, signal: signal() }, body),
    },
  );
