import { randomInt, randomUUID } from 'node:crypto';
import { beginSignIn, usableProvider } from '../identity/samples.ts';
import type { ErrorScenario, ScenarioContext } from './scenario.ts';

const bodyOf = ({ sample }: ScenarioContext, changes: object) => ({ body: { ...(sample.body as object), ...changes } });

/** Changes the provider of the newest flow, or that of the request. */
const changed =
  (assignment: string): ErrorScenario =>
  async ({ app, sample }) => {
    const { identity_provider_id: named } = { ...(sample.body as { identity_provider_id?: string }), ...sample.params };
    const newest = '(select provider_id from identity_flows order by created_at desc limit 1)';
    await app.sql(`update identity_providers set ${assignment} where id = coalesce($1::uuid, ${newest})`, [named ?? null]);
    return {};
  };

const disabled = changed('enabled = false');
const unreachable = changed(`issuer = 'https://sso.example.test/' || gen_random_uuid()`);

/** Another user has the identity of the newest flow. */
const taken: ErrorScenario = async ({ app, by }) => {
  await app.sql(
    `insert into user_identities (id, user_id, issuer, subject)
     select gen_random_uuid(), $1, p.issuer, 'forged'
     from identity_flows f join identity_providers p on p.id = f.provider_id order by f.created_at desc limit 1`,
    [by.id],
  );
  return {};
};

/** The user of the newest flow has as many identities as a user may have. */
const full: ErrorScenario = async ({ app }) => {
  await app.sql(
    `insert into user_identities (id, user_id, issuer, subject)
     select gen_random_uuid(), f.user_id, 'https://sso.example.test', gen_random_uuid()
     from (select user_id from identity_flows order by created_at desc limit 1) f, generate_series(1, 20)`,
  );
  return {};
};

/** The sign-in of an unknown person with an address. */
async function newcomer(scene: ScenarioContext, email: string) {
  const id = scene.sample.params.identity_provider_id!;
  await usableProvider(scene, id);
  await scene.app.sql('update identity_providers set registers_users = true where id = $1', [id]);
  return beginSignIn(scene, id, { sub: randomUUID(), email, email_verified: true });
}

/** A user without password and address, who has one identity. */
const lastWay: ErrorScenario = async ({ app }) => {
  const person = await app.signUp();
  const id = randomUUID();
  await app.sql(`insert into user_identities (id, user_id, issuer, subject) values ($1, $2, 'https://sso.example.test', $3)`, [
    id,
    person.id,
    id,
  ]);
  await app.sql('update credentials set password_hash = null where user_id = $1', [person.id]);
  await app.sql('update users set email = null, email_key = null where id = $1', [person.id]);
  return { token: person.token, params: { identity_id: id } };
};

/** Responses of identity providers and identities, by operation. */
export const identityScenarios: Readonly<Record<string, Readonly<Record<string, ErrorScenario>>>> = {
  'identities.complete': {
    '400 invalid_state': (scene) => bodyOf(scene, { state: 'sample' }),
    '401 identity_rejected': (scene) => bodyOf(scene, { code: 'sample' }),
    '403 identity_provider_disabled': disabled,
    '409 identity_limit_reached': full,
    '409 identity_taken': taken,
    '502 identity_provider_unavailable': unreachable,
  },
  'identities.confirm': {
    '400 link_token_invalid': (scene) => bodyOf(scene, { link_token: 'sample' }),
    '403 identity_provider_disabled': disabled,
    '409 identity_limit_reached': full,
    '409 identity_taken': taken,
  },
  'identities.delete': { '409 last_sign_in_method': lastWay },
  'identities.start': {
    '401 invalid_credentials': (scene) => bodyOf(scene, { current_password: 'wrong' }),
    '403 identity_provider_disabled': disabled,
    404: (scene) => bodyOf(scene, { identity_provider_id: randomUUID() }),
    '429 login_rate_limited': (scene) => ({ ...bodyOf(scene, { current_password: 'wrong' }), times: 12 }),
    '502 identity_provider_unavailable': unreachable,
  },
  'identityProviders.create': { '409 issuer_taken': () => ({ times: 2 }) },
  'identityProviders.update': {
    '409 issuer_taken': async ({ app, admin, by }) => {
      const body = { name: 'Sample', issuer: `https://sso.example.test/${randomUUID()}`, client_id: 'sample' };
      await app.call('POST', '/v1/admin/identity-providers', { token: (admin ?? by).token, body });
      return { body: { issuer: body.issuer } };
    },
  },
  'providerSignIn.complete': {
    '400 invalid_state': (scene) => bodyOf(scene, { state: 'sample' }),
    '401 identity_rejected': (scene) => bodyOf(scene, { code: 'sample' }),
    404: () => ({ params: { identity_provider_id: randomUUID() } }),
    '401 identity_link_required': async (scene) => newcomer(scene, (await scene.app.signUp()).email),
    '403 identity_provider_disabled': disabled,
    '409 email_taken': async (scene) => {
      const digits = randomInt(1e12);
      await scene.app.signUp({ email: `aec${digits}@example.test` });
      // Looks the same, in Cyrillic letters.
      return newcomer(scene, `\u0430\u0435\u0441${digits}@example.test`);
    },
    '429 registration_rate_limited': async (scene) => {
      await scene.app.sql(
        `insert into attempt_counts (bucket, count, window_ends) values ('registration:127.0.0.1', 1000, now() + interval '1 hour')
         on conflict (bucket) do update set count = 1000, window_ends = excluded.window_ends`,
      );
      return newcomer(scene, `${randomUUID()}@example.test`);
    },
    '502 identity_provider_unavailable': unreachable,
  },
  'providerSignIn.start': {
    404: () => ({ params: { identity_provider_id: randomUUID() } }),
    '403 identity_provider_disabled': disabled,
    '429 login_rate_limited': async ({ app }) => {
      await app.sql(
        `insert into attempt_counts (bucket, count, window_ends) values ('provider-sign-in:127.0.0.1', 100, now() + interval '1 hour')
         on conflict (bucket) do update set count = 100, window_ends = excluded.window_ends`,
      );
      return {};
    },
    '502 identity_provider_unavailable': unreachable,
  },
};
