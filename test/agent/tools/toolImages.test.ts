import { expect, test } from 'vitest';
import type { ModelMessage } from '../../../server/models/model.ts';
import { chat, gemini as frames, messages, responses } from '../../support/agent/vendor.ts';
import { images } from '../../support/http/forms.ts';
import { callModel, request, tool, useScriptedProvider } from '../models/support.ts';

const { vendor, openAi, anthropic, gemini } = useScriptedProvider();
const data = images.png.toString('base64');

/** A conversation with a tool result that has an image. */
const prompt: ModelMessage[] = [
  { role: 'user', content: 'Look.' },
  { role: 'assistant', content: '', tool_calls: [{ id: 'call-1', name: 'look', arguments: '{}' }] },
  {
    role: 'tool',
    tool_call_id: 'call-1',
    tool_name: 'look',
    content: '{"seen":1}',
    images: [{ type: 'image', mime_type: 'image/png', data }],
  },
];
const question = request({ messages: prompt, tools: [tool('look')] });
const sent = (): any => vendor().requests[0]!.body;

test('Anthropic gets the images of a tool in the tool result', async () => {
  vendor().respondWith(messages.answer('A dot.'));
  await callModel(anthropic(), question);
  expect(sent().messages.at(-1).content[0]).toMatchObject({
    type: 'tool_result',
    tool_use_id: 'call-1',
    content: [
      { type: 'text', text: '{"seen":1}' },
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data } },
    ],
  });
});

test('OpenAI Responses gets the images of a tool in the call output', async () => {
  vendor().respondWith(responses.answer('A dot.'));
  await callModel(openAi('responses'), question);
  expect(sent().input.at(-1)).toMatchObject({
    type: 'function_call_output',
    call_id: 'call-1',
    output: [
      { type: 'input_text', text: '{"seen":1}' },
      { type: 'input_image', image_url: `data:image/png;base64,${data}` },
    ],
  });
});

test('chat completions, which accept no tool images, get a note instead', async () => {
  vendor().respondWith(chat.answer('A dot.'));
  await callModel(openAi('chat_completions'), question);
  const { content } = sent().messages.at(-1);
  expect(content).toBe('{"seen":1}\n[1 image(s) left out: this API takes no images from tools]');
});

test('Gemini gets the images of a tool in the response of the function, or after it if the model takes none there', async () => {
  vendor().respondWith(frames.answer('A dot.'), frames.answer('A dot.'));
  const inlineData = { mimeType: 'image/png', data };
  const functionResponse = { id: 'call-1', name: 'look', response: { name: 'look', content: '{"seen":1}' } };
  await callModel(gemini({ model: 'gemini-3-pro-preview' }), question);
  expect(sent().contents.at(-1).parts).toEqual([{ functionResponse: { ...functionResponse, parts: [{ inlineData }] } }]);
  vendor().requests.length = 0;
  await callModel(gemini({ model: 'gemini-2.5-flash' }), question);
  expect(sent().contents.at(-1).parts).toMatchObject([{ functionResponse }, { inlineData }, { text: expect.any(String) }]);
});
