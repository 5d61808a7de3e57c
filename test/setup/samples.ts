import { randomBytes, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { fillPath } from '../../contract/shared/path.ts';
import type { Route, Schema } from '../../contract/shared/route.ts';
import { writeFiles } from './files.ts';
import { codeFor, verificationTokenFor } from './mail.ts';
import { type Operation, operations } from './operations.ts';
import { addresseeOf, invitationTo, memberOf, workspaceOf } from './peopleSamples.ts';
import type { Person, World } from './world.ts';

/** What samples are made with: an installation and the person who makes them. */
export type Maker = { world: World; by: Person };

/** A request that the server should fulfil. */
export type Sample = {
  params: Record<string, string>;
  query: Record<string, string>;
  body: unknown;
  token?: string;
  headers: Record<string, string>;
};

const name = () => `sample-${randomBytes(6).toString('hex')}`;

async function post({ world, by }: Maker, path: string, body?: unknown) {
  const answer = await world.call('POST', path, { token: by.token, body });
  if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${answer.text}`);
  return answer.body;
}

type Params = Record<string, string>;

/** Makes what a path names, by the path up to the parameter. A resource with ids adds a line for each. */
const things: Record<string, (maker: Maker, above: Params) => Promise<string> | string> = {
  '/v1/account-invitations/{invitation_id}': async (maker) => (await invitationTo(maker, maker.by.accountId)).id,
  '/v1/account-invitations/{token}': async (maker) => (await invitationTo(maker, await workspaceOf(maker))).token,
  '/v1/accounts/{account_id}': (maker) => workspaceOf(maker),
  '/v1/accounts/{account_id}/members/{user_id}': (maker, { account_id: id }) => memberOf(maker, id!),
  '/v1/api-keys/{id}': async (maker) => (await post(maker, '/v1/api-keys', { name: name() })).id,
  '/v1/bootstrap/verify/{token}': () => 'f'.repeat(64),
  '/v1/llm-providers/{provider_id}': async (maker) => (await post(maker, '/v1/llm-providers', bodies.NewLlmProvider!(maker, {}))).id,
  '/v1/llm-providers/{provider_id}/models/{model_id}': async (maker, above) =>
    (await post(maker, `/v1/llm-providers/${above.provider_id}/models`, { model: name() })).id,
  '/v1/projects/{project_id}': async (maker) => (await post(maker, '/v1/projects', { name: name() })).id,
  '/v1/runs/{run_id}': async (maker) => (await post(maker, `/v1/threads/${await thread(maker)}/runs`)).run_id,
  '/v1/teams/{team_id}': async (maker) => (await post(maker, '/v1/teams', { name: name() })).id,
  '/v1/teams/{team_id}/members/{user_id}': async (maker, { team_id: team }) => {
    const id = await memberOf(maker, maker.by.accountId);
    await post(maker, `/v1/teams/${team}/members`, { user_id: id, role: 'member' });
    return id;
  },
  '/v1/threads/{thread_id}': (maker) => thread(maker),
  '/v1/threads/{thread_id}/messages/{message_id}': async (maker, above) =>
    (await post(maker, `/v1/threads/${above.thread_id}/messages`, { content: 'hi' })).id,
};

/** The smallest good body, by the name of its model, where `{}` is none. */
const bodies: Record<string, (maker: Maker, params: Params) => unknown> = {
  AccountChanges: () => ({ name: name() }),
  AccountClosing: async ({ world }, { account_id: id }) => (await world.sql('select slug from accounts where id = $1', [id]))[0],
  ContinueRequest: (maker, { thread_id: threadId }) => brokenRun(maker, threadId!).then((run_id) => ({ run_id })),
  Credentials: ({ by: { login, password } }) => ({ login, password }),
  EmailCode: async ({ world }) => {
    const { email } = await world.signUp();
    await world.call('POST', '/v1/auth/email/otp/send', { body: { email } });
    return { email, otp: await codeFor(world, email) };
  },
  EmailCodeRequest: async ({ world }) => ({ email: (await world.signUp()).email }),
  EmailConfirmation: async ({ world }) => ({ token: await verificationTokenFor(world, (await world.signUp()).email) }),
  FlowCode: async ({ world }) => {
    const { email } = await world.signUp();
    const flow_token = await flowToken(world, email);
    await world.call('POST', '/v1/auth/resolve/otp/send', { body: { flow_token } });
    return { flow_token, otp: await codeFor(world, email) };
  },
  FlowCodeRequest: async ({ world }) => ({ flow_token: await flowToken(world, (await world.signUp()).email) }),
  Identity: ({ by: { login } }) => ({ identity: login }),
  LlmModelChanges: () => ({ priority: 7 }),
  LlmProviderChanges: () => ({ name: name() }),
  LoginCheck: ({ by: { login } }) => ({ login }),
  MeChanges: () => ({ timezone: 'Europe/Berlin' }),
  MemberChanges: () => ({ role: 'admin' }),
  NewAccount: () => ({ slug: name(), name: name() }),
  NewApiKey: () => ({ name: name() }),
  NewInvitation: () => ({ email: `${name()}@example.test`, role: 'member' }),
  NewLlmModel: () => ({ model: name() }),
  NewLlmProvider: ({ world }) => ({ name: name(), provider: 'openai', api_key: 'sk-sample-0001', base_url: `${world.url}/upstream` }),
  NewMessage: () => ({ content: 'hi' }),
  NewProject: () => ({ name: name() }),
  NewTeam: () => ({ name: name() }),
  NewTeamMember: async (maker) => ({ user_id: await memberOf(maker, maker.by.accountId), role: 'member' }),
  NewThread: () => ({ title: name() }),
  NewUser: () => person(),
  PasswordChange: () => ({ current_password: 'Passw0rd-1', new_password: 'Passw0rd-2' }),
  PlatformSetup: async ({ world }) => ({ ...person(), token: await setupToken(world) }),
  RedemptionRequest: async ({ world }) => ({ code: await redemptionCode(world) }),
  ProjectChanges: () => ({ description: 'changed' }),
  RunInput: () => ({ content: 'go on' }),
  ThreadChanges: () => ({ title: 'renamed' }),
};

/** A good query, by operation, where none is not good enough. */
const queries: Record<string, Record<string, string>> = {
  'runs.events': { follow: 'false' },
  'threads.search': { q: 'a' },
  'workspaces.file': { path: '/sample.txt' },
};

/** What else a good request needs, by operation. */
const extras: Record<string, (maker: Maker, params: Params) => Promise<Partial<Sample>>> = {
  // Of somebody who has not opened many yet: their number is limited.
  'accounts.create': async ({ world }) => ({ token: (await world.signUp()).token }),
  'invitations.accept': (maker, { token }) => addresseeOf(maker, token!),
  'auth.refresh': async ({ world }) => ({ headers: { cookie: (await world.signUp()).cookie } }),
  'auth.sendVerification': async ({ world }) => ({ token: (await world.signUp()).token }),
  'auth.logout': async ({ world }) => ({ token: (await world.signUp()).token }),
  'bootstrap.init': async ({ world }) => forgetAdmin(world).then(() => ({})),
  'me.changePassword': async ({ world }) => ({ token: (await world.signUp()).token }),
  'me.resetInviteCode': async ({ world, by }) => ageInviteCodes(world, by).then(() => ({})),
  'runs.retry': async (maker, { thread_id: id }) => post(maker, `/v1/threads/${id}/messages`, { content: 'hi' }).then(() => ({})),
  'workspaces.file': async ({ world, by }, { project_id: id }) => writeFiles(world, by, id!, { '/sample.txt': 'sample' }).then(() => ({})),
};

/** The answer of operations that no sample can make succeed in an installation without the world outside. */
export const unfulfilled: Record<string, { status: number; reason: string }> = {
  'llmProviders.availableModels': { status: 502, reason: 'upstream_request_failed' },
  'runs.input': { status: 409, reason: 'run_not_active' },
};

const thread = async (maker: Maker): Promise<string> => (await post(maker, '/v1/threads')).id;
const flowToken = async ({ call }: World, identity: string): Promise<string> =>
  (await call('POST', '/v1/auth/resolve', { body: { identity } })).body.flow_token;
const person = () => ({ login: name(), email: `${name()}@example.test`, password: 'Passw0rd-1' });
const forgetAdmin = ({ sql }: World) => sql(`delete from platform_settings where key like 'bootstrap.%'`);

/** Makes the codes of a user old enough to be replaced. */
const ageInviteCodes = ({ sql }: World, { id }: Person) =>
  sql(`update invite_codes set created_at = created_at - interval '2 days' where user_id = $1`, [id]);

async function redemptionCode({ sql }: World): Promise<string> {
  const code = name().toUpperCase();
  await sql(`insert into redemption_codes (id, code, type, value) values (gen_random_uuid(), $1, 'credits', '5')`, [code]);
  return code;
}

async function setupToken(world: World): Promise<string> {
  await forgetAdmin(world);
  return (await world.call('POST', '/v1/bootstrap/init')).body.token;
}

/** A run that failed in the middle of its answer. */
async function brokenRun(maker: Maker, threadId: string): Promise<string> {
  const { run_id: id } = await post(maker, `/v1/threads/${threadId}/runs`);
  const { sql } = maker.world;
  await sql(`insert into run_events (run_id, seq, event_id, type, data, created_at) values ($1, 2, $2, 'message.delta', '{}', now())`, [
    id,
    randomUUID(),
  ]);
  await sql(`update runs set status = 'failed', failed_at = now(), next_seq = 3 where id = $1`, [id]);
  return id;
}

/** Everything a path names, made by somebody. Fails where no line says how. */
export async function makeParams(maker: Maker, { path }: Pick<Route, 'path'>): Promise<Params> {
  const params: Params = {};
  for (const { 1: param, index, 0: hole } of path.matchAll(/\{(\w+)(?:\.\.\.)?\}/g)) {
    const upTo = path.slice(0, index + hole.length);
    const make = things[upTo];
    if (!make) throw new Error(`no sample: add a line '${upTo}' to \`things\` in test/setup/samples.ts`);
    params[param!] = await make(maker, params);
  }
  return params;
}

/** What has to happen to a thing before the next of its kind can be made, by the path it is made at. */
const settled: Record<string, (maker: Maker, made: { run_id: string }) => Promise<unknown>> = {
  '/v1/threads/{thread_id}/runs': ({ world }, { run_id: id }) =>
    world.sql(`update runs set status = 'completed', completed_at = now() where id = $1`, [id]),
};

/** Makes `count` things that a list shows, by whoever asks: the path of the list says how. */
export async function fill(maker: Maker, { path }: Pick<Route, 'path'>, count: number): Promise<Params> {
  const params = await makeParams(maker, { path });
  const creator = operations.find(({ route }) => route.method === 'POST' && route.path === path);
  const shown = Object.keys(things).find((thing) => thing.startsWith(`${path}/{`));
  if (!creator && !shown) return fill(maker, { path: path.slice(0, path.lastIndexOf('/')) as Route['path'] }, count);
  for (let made = 0; made < count; made++) {
    if (!creator) await things[shown!]!(maker, params);
    else {
      const thing = await post(maker, fillPath(path, params), (await sampleOf(maker, creator)).body);
      await settled[path]?.(maker, thing);
    }
  }
  return params;
}

const fits = (shape: Schema | undefined, value: unknown) => shape === undefined || z.safeParse(shape, value).success;

/** A good request of an operation. Fails where the tables above lack a line that it needs. */
export async function sampleOf(maker: Maker, { id, route }: Operation): Promise<Sample> {
  const params = await makeParams(maker, route);
  const query = queries[id] ?? {};
  if (!fits(route.query, query)) throw new Error(`no sample: add a line '${id}' to \`queries\` in test/setup/samples.ts`);
  const more = await extras[id]?.(maker, params);
  return {
    params,
    query,
    headers: {},
    body: await bodyOf(maker, route, params),
    ...(route.metadata.auth !== 'public' && { token: maker.by.token }),
    ...more,
  };
}

async function bodyOf(maker: Maker, { body: shape }: Route, params: Params): Promise<unknown> {
  if (!shape) return undefined;
  const model = z.globalRegistry.get(shape)?.id;
  const make = model === undefined ? undefined : bodies[model];
  if (make) return make(maker, params);
  if (!fits(shape, {})) throw new Error(`no sample: add a line '${model}' to \`bodies\` in test/setup/samples.ts`);
  return {};
}

/** The URL path of a request. */
export function pathOf({ path }: Pick<Route, 'path'>, params: Params, query: Record<string, string> = {}): string {
  const search = new URLSearchParams(query).toString();
  return fillPath(path, params as never) + (search && `?${search}`);
}
