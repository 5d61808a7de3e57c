import { expect, test } from 'vitest';
import type { ApiError } from '../../../client/index.ts';
import { apiError, clientsOf, errorOf, password, type Target, time, unknownId, uuid } from './target.ts';

/** Users, sessions, keys, workspaces, webhooks, projects, personas, notifications, providers, and teams. */
export function describeAccounts(target: Target) {
  const { open, register } = clientsOf(target);

  test('a user registers, reads and updates their profile, and signs in again', async () => {
    const { client, login, email, userId } = await register();
    const me = await client.me.get();
    expect(me).toMatchObject({ id: userId, username: login, login, email, email_verified: false, role: 'admin', locale: null });
    expect(me.permissions).toEqual(expect.arrayContaining(['data.threads.write', 'data.runs.read', 'account.members.invite']));
    expect(me.permissions).not.toContain('platform.admin');
    expect([me.account_id, me.created_at]).toEqual([expect.stringMatching(uuid), expect.stringMatching(time)]);
    expect(await client.me.update({ body: { username: 'Ada', timezone: 'Europe/Berlin' } })).toEqual({
      username: 'Ada',
      timezone: 'Europe/Berlin',
      locale: null,
    });
    const again = open();
    await again.auth.login({ body: { login: email.toUpperCase(), password } });
    expect(await again.me.get()).toMatchObject({ id: userId, username: 'Ada', timezone: 'Europe/Berlin' });
  });

  test('a session is refreshed by its cookie and ends at sign-out', async () => {
    const { client } = await register();
    const { accessToken } = client.session;
    const grant = await client.auth.refresh();
    expect(grant).toMatchObject({ token_type: 'bearer', expires_in: 900 });
    expect(client.session.accessToken).toBe(grant.access_token);
    expect(await client.auth.logout({ body: {} })).toEqual({ ok: true });
    expect(client.session.accessToken).toBeUndefined();
    client.session.accessToken = accessToken;
    expect(await errorOf(client.me.get())).toEqual(apiError(401, 'auth.unauthorized', 'session_revoked'));
    expect(await errorOf(client.auth.refresh())).toEqual(apiError(401, 'auth.unauthorized', 'missing_token'));
  });

  test('authentication errors have a reason', async () => {
    const { client, login, email } = await register();
    const anybody = open();
    const wrong = anybody.auth.login({ body: { login, password: 'Passw0rd-2' } });
    expect(await errorOf(wrong)).toEqual(apiError(401, 'auth.unauthorized', 'invalid_credentials'));
    const taken = anybody.auth.register({ body: { login: login.toUpperCase(), password, email: `x-${email}` } });
    expect(await errorOf(taken)).toEqual(apiError(409, 'conflict', 'login_taken'));
    const weak = anybody.auth.register({ body: { login: 'a@b', password: 'short', email } });
    expect(await errorOf(weak)).toEqual(
      apiError(400, 'validation.error', 'password_policy', [
        ['body', '/login'],
        ['body', '/password'],
      ]),
    );
    expect(await errorOf(anybody.me.get())).toEqual(apiError(401, 'auth.unauthorized', 'missing_token'));
    expect(await errorOf(open({ accessToken: 'nonsense' }).me.get())).toEqual(apiError(401, 'auth.unauthorized', 'invalid_token'));
    expect(await errorOf(open({ apiKey: `al_${'0'.repeat(32)}` }).threads.list())).toEqual(
      apiError(401, 'auth.unauthorized', 'invalid_token'),
    );
    const demanding = client.auditLogs.list({ query: { account_id: unknownId } });
    expect(
      await demanding.then(
        () => 200,
        (error: ApiError) => error.status,
      ),
    ).not.toBe(500);
    expect(await errorOf(client.plans.create({ body: { name: 'free', display_name: 'Free' } as never }))).toMatchObject({ status: 403 });
  });

  test('an API key works on the routes and within the scopes that it allows, until it is revoked', async () => {
    const { client, userId } = await register();
    const key = await client.apiKeys.create({ body: { name: ' ci ' } });
    expect(key).toMatchObject({ name: 'ci', user_id: userId, scopes: [], inherits_permissions: true, revoked_at: null });
    expect([key.key, key.key_prefix]).toEqual([expect.stringMatching(/^al_[0-9A-Za-z]{32}$/), key.key.slice(0, 7)]);
    const byKey = open({ apiKey: key.key });
    expect((await byKey.threads.create({ body: {} })).created_by_user_id).toBe(userId);
    expect(await errorOf(byKey.me.get())).toEqual(apiError(403, 'auth.forbidden', 'api_key_not_allowed'));
    const narrow = await client.apiKeys.create({ body: { name: 'reader', scopes: ['data.threads.read'] } });
    const reader = open({ apiKey: narrow.key });
    expect(await reader.threads.list()).toHaveLength(1);
    expect(await errorOf(reader.threads.create({ body: {} }))).toEqual(apiError(403, 'auth.forbidden', 'missing_permission'));
    expect((await client.apiKeys.list()).map(({ name }) => name)).toEqual(['reader', 'ci']);
    expect(JSON.stringify(await client.apiKeys.list())).not.toContain(key.key);
    expect(await client.apiKeys.delete({ params: { id: key.id } })).toBeUndefined();
    expect(await errorOf(byKey.threads.list())).toEqual(apiError(401, 'auth.unauthorized', 'invalid_token'));
    expect(await client.apiKeys.delete({ params: { id: key.id } })).toBeUndefined();
    expect((await client.apiKeys.list()).find(({ id }) => id === key.id)?.revoked_at).toMatch(time);
  });

  test('a workspace is a separate account with separate resources', async () => {
    const { client } = await register();
    const slug = `team-${crypto.randomUUID()}`;
    const account = await client.accounts.create({ body: { slug, name: 'Team' } });
    expect(account).toMatchObject({ slug, name: 'Team', type: 'workspace', status: 'active', role: 'admin' });
    const names = (await client.accounts.mine()).map(({ type }) => type);
    expect(names).toEqual(['workspace', 'personal']);
    const there = { accountId: account.id };
    const thread = await client.threads.create({ body: {} }, there);
    expect([thread.account_id, await client.threads.list(), (await client.threads.list({}, there)).length]).toEqual([account.id, [], 1]);
    expect(await errorOf(client.threads.get({ params: { thread_id: thread.id } }))).toEqual(apiError(404, 'not_found'));
    expect(await errorOf(client.threads.list({}, { accountId: unknownId }).then())).toEqual(apiError(404, 'not_found'));
    expect((await client.accounts.members({ params: { account_id: account.id } })).map(({ role }) => role)).toEqual(['admin']);
    const again = client.accounts.create({ body: { slug, name: 'Again' } });
    expect(await errorOf(again)).toEqual(apiError(409, 'conflict', 'slug_taken'));
    const stranger = await register();
    expect(await errorOf(stranger.client.accounts.get({ params: { account_id: account.id } }))).toEqual(apiError(404, 'not_found'));
  });

  test('webhook endpoints are created, updated, given a new secret and deleted', async () => {
    const { client } = await register();
    const body = { url: 'https://hooks.example.com/arkloop', events: ['run.completed', 'run.failed', 'run.completed'] as const };
    const made = await client.webhookEndpoints.create({ body: { ...body, events: [...body.events] } });
    expect(made).toMatchObject({ url: body.url, events: ['run.completed', 'run.failed'], enabled: true, disabled_reason: null });
    expect(made.secret_prefix).toBe(made.signing_secret.slice(0, 10));
    const params = { endpoint_id: made.id };
    const { signing_secret: secret, ...shown } = made;
    expect(await client.webhookEndpoints.get({ params })).toEqual(shown);
    expect(await client.webhookEndpoints.list()).toEqual([shown]);
    const off = await client.webhookEndpoints.update({ params, body: { enabled: false } });
    expect(off).toEqual({ ...shown, enabled: false, disabled_reason: 'manual' });
    const rotated = await client.webhookEndpoints.rotateSecret({ params, body: {} });
    expect(rotated.signing_secret).not.toBe(secret);
    expect(rotated.secret_prefix).toBe(rotated.signing_secret.slice(0, 10));
    expect(rotated.previous_secret_expires_at).toMatch(time);
    expect(await client.webhookDeliveries.list({ params })).toEqual([]);
    expect(await client.webhookEndpoints.delete({ params })).toEqual({ ok: true });
    expect(await errorOf(client.webhookEndpoints.get({ params }))).toEqual(apiError(404, 'not_found'));
    const unsafe = client.webhookEndpoints.create({ body: { url: 'ftp://example.com', events: ['run.failed'] } });
    expect(await errorOf(unsafe)).toMatchObject({ status: 400, issues: [['body', '/url']] });
  });

  test('projects group threads, and the default project cannot be deleted', async () => {
    const { client, userId } = await register();
    const [standard] = await client.projects.list();
    expect(standard).toMatchObject({ is_default: true, visibility: 'private', owner_user_id: userId });
    const project = await client.projects.create({ body: { name: 'Garden', description: 'Plants' } });
    expect(project).toMatchObject({ name: 'Garden', description: 'Plants', visibility: 'private', is_default: false, team_id: null });
    expect((await client.projects.list()).map(({ name }) => name)).toEqual(['Garden', standard!.name]);
    const params = { project_id: project.id };
    const changed = await client.projects.update({ params, body: { name: 'Yard', description: null, visibility: 'shared' } });
    expect(changed).toEqual({ ...project, name: 'Yard', description: null, visibility: 'shared' });
    expect(await client.projects.get({ params })).toEqual(changed);
    const thread = await client.threads.create({ body: { project_id: project.id } });
    await client.threads.create({ body: {} });
    expect((await client.threads.list({ query: { project_id: project.id } })).map(({ id }) => id)).toEqual([thread.id]);
    const nowhere = client.threads.create({ body: { project_id: unknownId } });
    expect(await errorOf(nowhere)).toEqual(apiError(400, 'validation.error', 'project_not_found', [['body', '/project_id']]));
    expect(await errorOf(client.projects.delete({ params: { project_id: standard!.id } }))).toEqual(
      apiError(409, 'conflict', 'default_project'),
    );
    expect(await client.projects.delete({ params })).toBeUndefined();
    expect(await errorOf(client.projects.get({ params }))).toEqual(apiError(404, 'not_found'));
    expect(await errorOf(client.projects.update({ params: { project_id: standard!.id }, body: {} }))).toEqual(
      apiError(400, 'validation.error', undefined, [['body', '']]),
    );
  });

  test('personas are listed, created and deleted, and a new user has no notifications', async () => {
    const { client } = await register();
    const [first] = await client.personas.selectable();
    expect(first).toMatchObject({ id: 'builtin:normal:1', persona_key: 'normal', source: 'builtin', scope: 'platform' });
    const own = await client.personas.create({
      body: { persona_key: 'poet', version: '1', display_name: 'Poet', prompt_md: 'Rhyme.', user_selectable: true },
    });
    expect(own).toMatchObject({ persona_key: 'poet', source: 'custom', scope: 'account', is_active: true, prompt_md: 'Rhyme.' });
    const listed = await client.personas.list();
    expect(listed[0]).toEqual(own);
    expect(listed.map(({ persona_key }) => persona_key)).toEqual(expect.arrayContaining(['poet', 'normal']));
    await client.personas.delete({ params: { persona_id: own.id } });
    expect((await client.personas.list()).map(({ persona_key }) => persona_key)).not.toContain('poet');
    expect((await client.notifications.list()).data).toEqual([]);
    expect(await client.notifications.readAll({ body: {} })).toEqual({ ok: true, count: 0 });
    expect(await errorOf(client.notifications.read({ params: { notification_id: unknownId }, body: {} }))).toEqual(
      apiError(404, 'not_found'),
    );
  });

  test('providers have models, and teams have members', async () => {
    const { client, userId } = await register();
    const provider = await client.llmProviders.create({ body: { name: 'Mine', provider: 'openai', api_key: 'sk-0123456789' } });
    expect(provider).toMatchObject({ name: 'Mine', provider: 'openai', models: [] });
    expect(JSON.stringify(provider)).not.toContain('sk-0123456789');
    const params = { provider_id: provider.id };
    const model = await client.llmModels.create({ params, body: { model: 'gpt-test' } });
    expect((await client.llmProviders.list({ query: { scope: 'account' } }))[0]).toMatchObject({
      id: provider.id,
      models: [{ id: model.id }],
    });
    const again = client.llmProviders.create({ body: { name: 'Mine', provider: 'openai', api_key: 'x' } });
    expect(await errorOf(again)).toEqual(apiError(409, 'conflict', 'name_conflict'));
    const one = { ...params, model_id: model.id };
    expect(await client.llmModels.update({ params: one, body: { priority: 7 } })).toMatchObject({ id: model.id, priority: 7 });
    await client.llmModels.delete({ params: one });
    expect((await client.llmProviders.list({ query: { scope: 'account' } }))[0]!.models).toEqual([]);
    await client.llmProviders.delete({ params });
    expect(await errorOf(client.llmModels.create({ params, body: { model: 'x' } }))).toEqual(apiError(404, 'not_found'));

    const team = await client.teams.create({ body: { name: 'Red' } });
    const inTeam = { team_id: team.id };
    const member = await client.teams.addMember({ params: inTeam, body: { user_id: userId, role: 'member' } });
    expect(member).toMatchObject({ team_id: team.id, user_id: userId, role: 'member' });
    await client.teams.addMember({ params: inTeam, body: { user_id: userId, role: 'admin' } });
    expect((await client.teams.members({ params: inTeam })).map(({ role }) => role)).toEqual(['admin']);
    expect((await client.teams.list()).map(({ members_count }) => members_count)).toEqual([1]);
    await client.teams.removeMember({ params: { ...inTeam, user_id: userId } });
    expect((await client.teams.list()).map(({ members_count }) => members_count)).toEqual([0]);
    expect(await client.teams.delete({ params: inTeam })).toBeUndefined();
    expect(await errorOf(client.teams.members({ params: inTeam }).then())).toEqual(apiError(404, 'not_found'));
  });
}
