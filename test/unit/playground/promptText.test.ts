import { expect, test } from 'vitest';
import { insertionOf } from '../../../docs/playground/src/chat/composer/promptText.ts';

const say = (role: 'user' | 'assistant', text: string) => ({ role, content: { type: 'text' as const, text } });

test('the messages of a prompt become one text, with roles only if there are several', () => {
  const one = insertionOf({ description: null, messages: [say('user', 'First'), say('user', 'Zweitens 🐟')] });
  expect(one).toEqual({ text: 'First\n\nZweitens 🐟', files: [], omitted: 0 });
  const two = insertionOf({ description: null, messages: [say('user', 'Question'), say('assistant', 'Answer')] });
  expect(two.text).toBe('User:\nQuestion\n\nAssistant:\nAnswer');
});

test('resources become files with the end of their URI as the name, links become text, and the rest is left out', async () => {
  const resource = (uri: string, fields: { text?: string; data?: string; mime_type?: string }) => ({
    role: 'user' as const,
    content: { type: 'resource' as const, uri, mime_type: null, text: null, data: null, ...fields },
  });
  const link = { type: 'resource_link' as const, uri: 'file:///plan', name: 'plan', title: null, description: null, mime_type: null };
  const bytes = (type: 'image' | 'audio', mime_type: string) => ({ role: 'user' as const, content: { type, mime_type, data: 'AAEC' } });
  const { text, files, omitted } = insertionOf({
    description: null,
    messages: [
      resource('demo://docs/../guide?x=/y', { text: 'ä' }),
      resource('file:///a/data.bin/', { data: 'AAEC', mime_type: 'application/octet-stream' }),
      resource('C:\\x\u0000', { text: '' }),
      { role: 'user', content: link },
      bytes('image', 'image/webp'),
      bytes('image', 'image/svg+xml'),
      bytes('audio', 'audio/wav'),
    ],
  });
  expect([text, omitted]).toEqual(['plan (file:///plan)', 2]);
  expect(files.map(({ name, type, size }) => [name, type, size])).toEqual([
    ['guide.txt', 'text/plain', 2],
    ['data.bin', 'application/octet-stream', 3],
    ['C__x_.txt', 'text/plain', 0],
    ['image.webp', 'image/webp', 3],
  ]);
  expect(await files[0]!.text()).toBe('ä');
});
