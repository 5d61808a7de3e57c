import { z } from 'zod';
import { eventData } from '../../../contract/eventData.ts';
import type { RunEventInput } from '../../../contract/events.ts';
import { errorCodes } from '../../../contract/shared/errorCodes.ts';
import { checkOrigin } from '../http/access.ts';
import type { MockApiError } from '../http/errors.ts';
import { isLoopback } from '../http/loopback.ts';
import type { Faults, Mocks } from '../index.ts';
import { ask, callTool, fail, say, type Script, spend, type Talk, think, untilCancelled } from '../runs/scripts.ts';

export const controlPrefix = '/__mock';

const count = z.int().min(0);
const statuses = [...new Set(Object.values(errorCodes).map(([status]) => status))];
const fault = {
  status: z.literal([...statuses, 'lost']),
  operation: z.string().optional(),
  reason: z.string().optional(),
  retryAfter: count.optional(),
};

const isEvent = ({ type, data }: { type: string; data: unknown }) =>
  Object.hasOwn(eventData, type) && eventData[type as keyof typeof eventData].safeParse(data).success;

/** A step of a script as JSON. */
const Step = z.union([
  z.strictObject({ say: z.string() }),
  z.strictObject({ think: z.string() }),
  z.strictObject({
    tool: z.string(),
    arguments: z.record(z.string(), z.unknown()).default({}),
    result: z.record(z.string(), z.unknown()).default({}),
  }),
  z.strictObject({ ask: z.string() }),
  z.strictObject({ spend: z.strictObject({ input_tokens: count, output_tokens: count, cost_usd: z.number().min(0).optional() }) }),
  z.strictObject({ pause: count }),
  z.strictObject({ wait: z.literal(true) }),
  z.strictObject({ fail: z.string(), message: z.string().optional() }),
  z.strictObject({ type: z.string(), data: z.looseObject({}) }).refine(isEvent, 'is not an event of a run'),
]);
type Step = z.output<typeof Step>;

async function* perform(talk: Talk, steps: readonly Step[]) {
  for (const step of steps) {
    if ('say' in step) yield* say(step.say);
    else if ('think' in step) yield* think(step.think);
    else if ('tool' in step) yield* callTool(talk, step.tool, step.arguments, step.result);
    else if ('ask' in step) yield* ask(talk, step.ask);
    else if ('spend' in step) yield* spend(step.spend);
    else if ('wait' in step) await untilCancelled(talk);
    else if ('fail' in step) yield* fail(step.fail, step.message);
    else if ('pause' in step) yield step;
    // Safe cast: `isEvent` has compared the data with the type.
    else yield step as unknown as RunEventInput;
  }
}

const path = z.templateLiteral(['/', z.string()]);

/** The bodies of the control routes. */
const bodies = {
  'POST /people': z.strictObject({ login: z.string().min(1).optional(), password: z.string().optional(), isAdmin: z.boolean().optional() }),
  'POST /rows': z.strictObject({
    list: path,
    login: z.string(),
    fields: z.record(z.string(), z.unknown()).default({}),
    parents: z.record(z.string(), z.string()).default({}),
  }),
  'POST /plan': z.array(z.array(Step)),
  'POST /faults': z.strictObject({
    next: z.strictObject({ ...fault, times: count.optional() }).optional(),
    rate: z.strictObject({ ...fault, share: z.number().min(0).max(1) }).optional(),
    slow: count.optional(),
    cutStream: z.strictObject({ afterEvents: count, times: count.optional() }).optional(),
  }),
};

/** The control routes, for `--help`, `GET /__mock` and the guide. */
export const controlHelp = `\
  POST   ${controlPrefix}/people   {"login":"ada","isAdmin":true}: signs a user up, or in; answers with the access token
  POST   ${controlPrefix}/plan     [[{"say":"Hello"}]]: the steps of the next runs. Steps are {"say":"…"}, {"think":"…"}, {"ask":"…"}, {"wait":true},
                          {"tool":"web_search","arguments":{},"result":{}}, {"pause":100}, {"fail":"provider.upstream_error"},
                          {"spend":{"input_tokens":5000,"output_tokens":9}}, and any event as {"type":"…","data":{}}
  POST   ${controlPrefix}/faults   {"next":{"operation":"runs.create","status":429,"retryAfter":1,"times":2}}, {"rate":{"share":0.1,"status":503}},
                          {"slow":300}, {"cutStream":{"afterEvents":3}}; the status "lost" breaks the connection
  DELETE ${controlPrefix}/faults   removes all faults
  GET    ${controlPrefix}/rows?list=/v1/threads: all rows of a list, of all owners
  POST   ${controlPrefix}/rows     {"list":"/v1/notifications","login":"ada","fields":{"title":"Hello"}}: adds a row that no request creates
  POST   ${controlPrefix}/reset    deletes all data and faults
`;

export type ControlOptions = {
  mocks: Mocks;
  /** Origin of the mock. */
  address: string;
  allowedOrigins: readonly string[];
  reset(): void;
};

const json = (body: unknown, status = 200) => Response.json(body, { status });
const done = () => new Response(null, { status: 204 });
const invalid = (message: string) => json({ error: 'validation.error', message }, 400);

type Route = keyof typeof bodies;
type ControlRoutes = { [Name in Route]: (body: z.output<(typeof bodies)[Name]>, options: ControlOptions) => Response };

const routes: ControlRoutes = {
  'POST /people': ({ login, password, isAdmin }, { mocks }) => {
    return json(mocks.state.signUp({ ...(login && { login }), ...(password && { password }), ...(isAdmin && { isAdmin }) }), 201);
  },
  'POST /rows': ({ list, login, fields, parents }, { mocks }) => {
    mocks.state.add(list, fields, mocks.state.signUp({ login }), parents);
    return json(mocks.state.rows(list)[0], 201);
  },
  'POST /plan': (scripts, { mocks }) => {
    mocks.plan(
      ...scripts.map(
        (steps): Script =>
          (talk) =>
            perform(talk, steps),
      ),
    );
    return done();
  },
  'POST /faults': ({ next, rate, slow, cutStream }, { mocks: { faults } }) => {
    // Safe casts: parsed values have no fields that are undefined.
    if (next) faults.next(next as Parameters<Faults['next']>[0]);
    if (rate) faults.rate(rate.share, rate as Parameters<Faults['rate']>[1]);
    if (slow !== undefined) faults.slow(slow);
    if (cutStream) faults.cutStream(cutStream.afterEvents, cutStream.times);
    return done();
  },
};

/** Answers a request to a control route. Pages of other origins are refused, also those that reach this machine by a name of their own. */
export async function handleControl(request: Request, options: ControlOptions): Promise<Response> {
  const { mocks, reset } = options;
  const url = new URL(request.url);
  try {
    checkOrigin(options, request, new URL(options.address));
  } catch (error) {
    return json({ error: (error as MockApiError).code, message: (error as Error).message }, 403);
  }
  if (!isLoopback(`http://${request.headers.get('host')}`))
    return json({ error: 'auth.forbidden', message: 'Use the address of this machine.' }, 403);
  const name = `${request.method} ${url.pathname.slice(controlPrefix.length)}`;
  if (name === 'GET ' || name === 'GET /') return new Response(controlHelp, { headers: { 'content-type': 'text/plain; charset=utf-8' } });
  if (name === 'POST /reset') return (reset(), done());
  if (name === 'DELETE /faults') return (mocks.faults.clear(), done());
  try {
    if (name === 'GET /rows') return json(mocks.state.rows(path.parse(url.searchParams.get('list'))));
    if (!Object.hasOwn(routes, name)) return json({ error: 'not_found', message: `There is no ${name}. See GET ${controlPrefix}.` }, 404);
    // Safe cast: each route has the body of its name.
    const route = routes[name as Route] as (body: unknown, asked: ControlOptions) => Response;
    return route(bodies[name as Route].parse(JSON.parse((await request.text()) || '{}')), options);
  } catch (error) {
    return invalid(error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message);
  }
}
