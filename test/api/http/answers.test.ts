import { expect, test } from 'vitest';
import { sharedTestApp } from '../../support/app/testApp.ts';
import { openThread } from '../../support/resources/conversation.ts';

const app = await sharedTestApp();

test('short and long answers have the length in bytes that they announce, and every character', async () => {
  const me = await app.signUp();
  for (const length of [2, 5_000, 20_000])
    for (const character of ['a', 'ß', '語', '🌍']) {
      const content = character.repeat(length / character.length);
      const thread = await openThread(app, me, content);
      const answer = await fetch(`${app.url}/v1/threads/${thread}/messages`, { headers: { authorization: `Bearer ${me.token}` } });
      const bytes = Buffer.from(await answer.arrayBuffer());
      expect(answer.headers.get('content-length'), `${length} ${character}`).toBe(String(bytes.length));
      expect(JSON.parse(bytes.toString())).toMatchObject([{ content }]);
    }
});
