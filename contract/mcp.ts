import { z } from 'zod';
import { AnyObject } from './shared/fields.ts';
import { declareJsonOrStream, initContract, type Resource } from './shared/route.ts';

/** Beside `/v1`, because the revision of the protocol is negotiated. */
export const mcpPath = '/mcp';

const version = z.literal('2.0').meta({ description: 'Version of JSON-RPC.' });
const requestId = z
  .union([z.string(), z.int()])
  .meta({ id: 'JsonRpcId', description: 'ID of a request, unique among the open requests of a client.' });

/** The largest `arguments` are the content of a file of 1 MiB. */
const maxBodyBytes = 2 * 2 ** 20;

export const JsonRpcMessage = z
  .strictObject({
    jsonrpc: version,
    id: requestId.optional().meta({ description: 'Absent in a notification.' }),
    method: z.string().min(1).max(200).meta({ description: 'Such as `tools/list` or `tools/call`.' }),
    params: AnyObject.optional().meta({ description: 'What the method is called with.' }),
  })
  .meta({ id: 'JsonRpcMessage', description: 'A request or a notification of MCP.' });
export type JsonRpcMessage = z.infer<typeof JsonRpcMessage>;

const JsonRpcAnswer = z
  .looseObject({
    jsonrpc: version,
    id: requestId.meta({ description: 'That of the request.' }),
    result: AnyObject.optional().meta({ description: 'The result; absent for an error.' }),
    error: AnyObject.optional().meta({ description: 'An error of the protocol. Errors of tools are results with `isError`.' }),
  })
  .meta({ id: 'JsonRpcAnswer', description: 'The answer to a request of MCP.' });
export type JsonRpcAnswer = z.infer<typeof JsonRpcAnswer>;

const JsonRpcStreamed = z
  .looseObject({
    jsonrpc: version,
    method: z.string().optional().meta({ description: 'In a notification, such as `notifications/progress`.' }),
    id: requestId.optional().meta({ description: 'In the answer: that of the request.' }),
  })
  .meta({ id: 'JsonRpcStreamed', description: 'A notification, or the answer, which is the last event.' });

export const mcp = initContract().router({
  call: {
    method: 'POST',
    path: mcpPath,
    summary: 'Call the MCP server',
    description:
      'The endpoint of the Model Context Protocol (Streamable HTTP) for other agents: threads, runs and workspaces as tools. There are no sessions; GET and DELETE are 405. A client lists and calls the tools that the permissions of its credential allow. Errors of the protocol are JSON-RPC errors; other errors are a `Problem`, and errors of tools are results with `isError`. `Origin` must be the own one or one of `ARKLOOP_GATEWAY_CORS_ALLOWED_ORIGINS`, if there is one.',
    body: JsonRpcMessage,
    maxBody: maxBodyBytes,
    responses: {
      200: declareJsonOrStream(JsonRpcAnswer, JsonRpcStreamed, {
        description: 'The answer as JSON, or as the last of several server-sent events if the call waits for a run.',
        end: '\n\n',
      }),
      202: null,
    },
    metadata: { auth: 'user+key', audit: 'none', idempotent: false, origin: true, ignoresUnknownQuery: true },
  },
} as const satisfies Resource);
