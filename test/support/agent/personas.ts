import type { Person, TestApp } from '../app/testApp.ts';

type Fields = Record<string, unknown>;

/** `scope: 'platform'` in `fields` creates a platform persona. */
export async function addPersona({ call }: Pick<TestApp, 'call'>, { token }: Person, fields: Fields = {}) {
  const body = { persona_key: 'own', version: '1', display_name: 'Own', prompt_md: 'Be yourself.', ...fields };
  const answer = await call('POST', '/v1/personas', { token, body });
  if (answer.status !== 201) throw new Error(`persona: ${answer.status} ${answer.text}`);
  return answer.body as Fields & { id: string };
}
