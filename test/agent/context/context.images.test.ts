import { expect, test } from 'vitest';
import { fitImages } from '../../../server/agent/context/images.ts';
import type { ImagePart, ModelMessage } from '../../../server/models/model.ts';
import { chat } from '../../support/agent/vendor.ts';
import { useScriptedProvider } from '../models/support.ts';
import { collectSteps, fillerText, openContext, system, toolTurn } from './contextSupport.ts';

const { vendor, openAi } = useScriptedProvider();
const open = () => openContext(openAi('chat_completions'), 10_000_000).context;

const image = (megabytes: number): ImagePart => ({ type: 'image', mime_type: 'image/png', data: 'A'.repeat(megabytes * 2 ** 20) });
const asked = (...images: ImagePart[]): ModelMessage => ({ role: 'user', content: [{ type: 'text', text: 'see' }, ...images] });
const shown = (id: string, ...images: ImagePart[]): ModelMessage[] => {
  const [call, result] = toolTurn(id) as [ModelMessage, Extract<ModelMessage, { role: 'tool' }>];
  return [call, { ...result, images }];
};
const isShown = (messages: ModelMessage[], each: ImagePart) =>
  JSON.stringify(messages).includes(JSON.stringify(each).slice(0, 80)) &&
  messages.some(
    (message) =>
      ('images' in message && message.images?.includes(each)) || (Array.isArray(message.content) && message.content.includes(each)),
  );

test('if space is short the images of the last user message are kept first, then the newest', () => {
  const [old, mine, second, early, late] = [1, 2, 2, 1, 1].map(image) as [ImagePart, ImagePart, ImagePart, ImagePart, ImagePart];
  const messages = [asked(old), asked(mine, second), ...shown('a', early), ...shown('b', late)];
  const left = (room: number) =>
    [old, mine, second, early, late].map((each) => isShown(fitImages(messages, room * 2 ** 20).messages, each));
  expect(left(7)).toEqual([true, true, true, true, true]);
  expect(left(6)).toEqual([false, true, true, true, true]);
  expect(left(5)).toEqual([false, true, true, false, true]);
  expect(left(3)).toEqual([false, true, false, false, true]);
  expect(left(0)).toEqual([false, true, false, false, false]);
  expect(fitImages(messages, 5 * 2 ** 20).dropped).toBe(2);
});

test('images of messages and tools that are too large together are dropped instead of failing the run, and stay dropped', async () => {
  const context = open();
  const [mine, other, seen] = [image(3), image(3), image(1.5)] as [ImagePart, ImagePart, ImagePart];
  const first = await collectSteps(context.prepare([system, asked(mine, other)], 1));
  expect(first.event).toMatchObject({ phase: 'completed', trigger_phase: 'preflight', images_stripped: 1 });
  expect([mine, other].map((each) => isShown(first.sent, each))).toEqual([true, false]);
  const second = await collectSteps(context.prepare([system, asked(mine, other), ...shown('a', seen)], 2));
  expect(second.events).toEqual([]);
  expect([mine, other, seen].map((each) => isShown(second.sent, each))).toEqual([true, false, true]);
  expect(vendor().requests).toHaveLength(0);
});

test('images are dropped if text that cannot be summarized needs the space', async () => {
  const context = open();
  const [mine, other] = [image(2), image(2)] as [ImagePart, ImagePart];
  const { sent, event } = await collectSteps(context.prepare([{ role: 'system', content: 'x '.repeat(2 ** 20) }, asked(mine, other)], 1));
  expect(event).toMatchObject({ phase: 'completed', images_stripped: 1 });
  expect([mine, other].map((each) => isShown(sent, each))).toEqual([true, false]);
});

test('a deduplicated result keeps its images, a compacted result loses them', async () => {
  vendor().respondWith(chat.answer('S'));
  const [same, again, large] = [image(0.1), image(0.1), image(0.1)] as [ImagePart, ImagePart, ImagePart];
  const twice = [...shown('a', same), ...shown('a', again)];
  const equal = await collectSteps(open().prepare([system, asked(), ...twice], 1));
  expect([same, again].map((each) => isShown(equal.sent, each))).toEqual([true, true]);
  const [call, result] = toolTurn('old', fillerText.repeat(150)) as [ModelMessage, ModelMessage];
  const long = [call, { ...result, images: [large] } as ModelMessage, ...toolTurn('new', fillerText.repeat(150))];
  const { sent } = await collectSteps(open().prepare([system, asked(), ...long], 1));
  expect([sent.some(({ content }) => content === '{"compacted":true}'), isShown(sent, large)]).toEqual([true, false]);
});
