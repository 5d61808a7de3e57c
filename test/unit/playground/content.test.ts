import { expect, test } from 'vitest';
import type { MessageContent } from '../../../client/index.ts';
import { textOf, withText } from '../../../docs/playground/src/chat/message/content.ts';

type Part = MessageContent['parts'][number];

const written = (text: string): Part => ({ type: 'text', text });
const attachment = (name: string) => ({ key: `attachments/${name}`, filename: name, mime_type: 'image/png', size: 3 });
const image: Part = { type: 'image', attachment: attachment('tide.png') };
const file: Part = { type: 'file', attachment: attachment('port.txt'), extracted_text: 'Brest\n' };

/** As the API stores it: `content` also holds the names and texts of the attachments. */
const stored = (...parts: Part[]) => ({ content: 'What the model reads', content_json: { parts } });

test.each([
  ['plain text', { content: ' \nOne\r\n\r\ntwo \n' }],
  ['text only', stored(written('One\r\rtwo\n'))],
  ['files only', stored(file, image)],
  ['files before the text', stored(file, image, written('One\n\n\ntwo'))],
  ['text before the files', stored(written('One'), file, image)],
  ['text between the files', stored(image, written('One'), file)],
])('%s sent again without a change is the same message', (_, message) => {
  const typed = textOf(message).replaceAll(/\r\n?/g, '\n');
  expect({ ...message, ...withText(message, typed) }).toEqual(message);
});

test('several texts are one, separated as the API joins them, and stay that text', () => {
  const message = stored(written('One'), image, written('two'), file);
  expect(textOf(message)).toBe('One\n\ntwo');
  const again = withText(message, 'One\n\ntwo');
  expect(again).toEqual({ content_json: { parts: [written('One\n\ntwo'), image, file] } });
});

test('another text stands where the first one was, else at the end, and attachments stay where they are', () => {
  expect(withText({ content: 'One' }, 'Two')).toEqual({ content: 'Two' });
  expect(withText(stored(image, written('One'), file), 'Two\n')).toEqual({ content_json: { parts: [image, written('Two\n'), file] } });
  expect(withText(stored(file, image), 'Two')).toEqual({ content_json: { parts: [file, image, written('Two')] } });
  expect(withText(stored(image, written('One'), file), ' \n')).toEqual({ content_json: { parts: [image, file] } });
});
