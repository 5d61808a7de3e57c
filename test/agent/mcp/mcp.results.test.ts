import { expect, test } from 'vitest';
import { dataOf, openScriptedThread } from '../../support/agent/agent.ts';
import { addMcpConfig, callTool, everything, openMcp, scriptedServer } from '../../support/agent/mcp.ts';
import { responses } from '../../support/agent/vendor.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { images } from '../../support/http/forms.ts';

const app = await startTestApp();
const mcp = await openMcp(app);
const person = await app.signUp();
await app.promote(person);
const slow = { call_timeout_ms: 30_000 };
await addMcpConfig(app, person, { name: 'all', transport: 'stdio', command: process.execPath, args: [everything, 'stdio'], ...slow });
await addMcpConfig(app, person, scriptedServer('own', {}, slow));
const { tools } = await mcp.tools({ account_id: person.accountId });
const patient = () => AbortSignal.timeout(60_000);
const callEverything = (tool: string, args: object = {}) => callTool(tools, `mcp__all__${tool}`, args, patient());
const reply = (result: object) => callTool(tools, 'mcp__own__reply', result, patient());

const png = images.png.toString('base64');
const text = (value: string) => ({ type: 'text', text: value });
type Block = { type: string; resource?: { text?: string } };

test('an image is sent to the model as an image, and its bytes are not in the text', async () => {
  const { result, images: shown } = await callEverything('get_tiny_image');
  expect(shown).toEqual([{ type: 'image', mime_type: 'image/png', data: expect.stringMatching(/^iVBORw0KGgo/) }]);
  const bytes = Buffer.from(shown![0]!.data, 'base64').length;
  const [before, image] = result.content as object[];
  expect(before).toMatchObject({ type: 'text' });
  expect(image).toEqual({ type: 'image', mimeType: 'image/png', size: bytes, note: expect.stringContaining('as an image') });
});

test('resource links are kept, and binary resources are replaced by a description', async () => {
  const links = await callEverything('get_resource_links', { count: 2 });
  expect(JSON.stringify(links.result)).toContain('"type":"resource_link"');
  const reference = await callEverything('get_resource_reference', { resourceType: 'Text', resourceId: 1 });
  expect((reference.result.content as Block[]).find(({ type }) => type === 'resource')?.resource?.text).toEqual(expect.any(String));
  const blob = await callEverything('get_resource_reference', { resourceType: 'Blob', resourceId: 1 });
  const told = (blob.result.content as Block[]).find(({ type }) => type === 'resource');
  expect(told).toEqual({
    type: 'resource',
    uri: expect.any(String),
    mimeType: expect.any(String),
    size: expect.any(Number),
    note: expect.stringMatching(/^Left out/),
  });
});

test('structured content is kept unless the text repeats it', async () => {
  const repeated = await callEverything('get_structured_content', { location: 'Chicago' });
  expect(Object.keys(repeated.result)).toEqual(['content']);
  expect((await reply({ structuredContent: { a: [1] } })).result).toEqual({ content: [], structuredContent: { a: [1] } });
  const both = { content: [text('a summary')], structuredContent: { a: [1] } };
  expect((await reply(both)).result).toEqual(both);
});

test('images are recognized by their bytes; other binary data is replaced by a note', async () => {
  const { result, images: shown } = await reply({
    content: [
      { type: 'image', mimeType: 'image/jpeg', data: png, _meta: { a: 1 } },
      { type: 'image', mimeType: 'image/png', data: Buffer.from('no image').toString('base64') },
      { type: 'image', mimeType: 'image/png' },
      { type: 'audio', mimeType: 'audio/wav', data: Buffer.from('RIFF').toString('base64') },
      { type: 'resource', resource: { uri: 'file:///a.png', mimeType: 'image/png', blob: png } },
      { type: 'resource', resource: { uri: 'file:///a.md', mimeType: 'text/markdown', text: '# A', _meta: {} } },
      { type: 'resource_link', uri: 'file:///b', name: 'b', icons: [{ src: 'data:image/png;base64,AAAA' }] },
      { type: 'resource' },
    ],
  });
  const image = { type: 'image', mime_type: 'image/png', data: png };
  expect(shown).toEqual([image, image]);
  const note = expect.stringMatching(/^Left out/);
  expect(result.content).toEqual([
    { type: 'image', mimeType: 'image/jpeg', size: expect.any(Number), note: expect.stringContaining('as an image') },
    { type: 'image', mimeType: 'image/png', size: expect.any(Number), note },
    { type: 'image', mimeType: 'image/png', size: 0, note },
    { type: 'audio', mimeType: 'audio/wav', size: expect.any(Number), note },
    {
      type: 'resource',
      uri: 'file:///a.png',
      mimeType: 'image/png',
      size: expect.any(Number),
      note: expect.stringContaining('as an image'),
    },
    { type: 'resource', resource: { uri: 'file:///a.md', mimeType: 'text/markdown', text: '# A' } },
    { type: 'resource_link', uri: 'file:///b', name: 'b' },
    { type: 'resource' },
  ]);
});

test('two large images are kept, and images of a failure are replaced by a note', async () => {
  const large = Buffer.concat([images.png, Buffer.alloc(1_400_000)]).toString('base64');
  const most = await reply({ content: [1, 2].map(() => ({ type: 'image', mimeType: 'image/png', data: large })) });
  expect(most.images).toHaveLength(2);
  const failed = reply({ content: [text('no'), { type: 'image', mimeType: 'image/png', data: png }], isError: true });
  await expect(failed).rejects.toMatchObject({
    errorClass: 'mcp.tool_error',
    message: 'no',
    details: { content: [text('no'), { type: 'image', note: expect.stringMatching(/^Left out/) }] },
  });
});

test('the run sends the image to its model; events and later runs contain a note', async () => {
  const name = 'mcp__all__get_tiny_image';
  const asks = {
    steps: [responses.created, responses.call(0, 'call-1', name), responses.callDone(0, 'call-1', name, '{}'), responses.completed()],
  };
  const talk = await openScriptedThread(app, { person, script: [asks, responses.answer('A logo.'), responses.answer('It was a logo.')] });
  const { status } = await app.call('PATCH', `/v1/llm-providers/${talk.vendor.providerId}`, {
    token: person.token,
    body: { openai_api_mode: 'responses' },
  });
  expect(status).toBe(200);
  const { events } = await talk.run();
  const [first] = dataOf(events, 'tool.result');
  expect(JSON.stringify(first)).not.toContain('iVBORw0KGgo');
  expect(first!.result).toMatchObject({ content: [{}, { type: 'image', size: expect.any(Number) }, {}] });
  const sent = (at: number) => JSON.stringify(talk.vendor.requests[at]!.body.input);
  expect(sent(1)).toContain('"type":"input_image","image_url":"data:image/png;base64,iVBORw0KGgo');
  await talk.say('What was it?');
  await talk.run();
  expect(sent(2)).not.toContain('input_image');
  expect(sent(2)).toContain('Given to the model as an image');
});
