import { expect, test } from 'vitest';
import type { ModelMessage } from '../../server/agent/model.ts';
import { images } from '../setup/forms.ts';
import { chat, messages, responses } from '../setup/vendor.ts';
import { ask, request, tool, useVendor } from './support.ts';

const { vendor, openAi, anthropic } = useVendor();
const data = images.png.toString('base64');

/** The result of a tool with an image, as a vendor is sent it. */
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

test('Anthropic is shown the images of a tool in its result', async () => {
  vendor().answers(messages.answer('A dot.'));
  await ask(anthropic(), question);
  expect(sent().messages.at(-1).content[0]).toMatchObject({
    type: 'tool_result',
    tool_use_id: 'call-1',
    content: [
      { type: 'text', text: '{"seen":1}' },
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data } },
    ],
  });
});

test('OpenAI is shown the images of a tool in the output of its call', async () => {
  vendor().answers(responses.answer('A dot.'));
  await ask(openAi('responses'), question);
  expect(sent().input.at(-1)).toMatchObject({
    type: 'function_call_output',
    call_id: 'call-1',
    output: [
      { type: 'input_text', text: '{"seen":1}' },
      { type: 'input_image', image_url: `data:image/png;base64,${data}` },
    ],
  });
});

test('chat completions, which take no images from tools, are told what is left out', async () => {
  vendor().answers(chat.answer('A dot.'));
  await ask(openAi('chat_completions'), question);
  const { content } = sent().messages.at(-1);
  expect(content).toBe('{"seen":1}\n[1 image(s) left out: this API takes no images from tools]');
});
