import { randomBytes } from 'node:crypto';
import { formOf } from './forms.ts';
import type { Maker } from './samples.ts';
import { sampleTranscriber } from './transcriber.ts';

/** A credential for speech recognition, at a provider that hears the same in everything. */
export const newAsrCredential = async () => ({
  name: `sample-${randomBytes(6).toString('hex')}`,
  provider: 'openai',
  api_key: 'sk-sample-0001',
  model: 'm',
  base_url: await sampleTranscriber(),
});

/** The id of a credential that somebody made. */
export async function asrCredentialOf({ world, by }: Maker): Promise<string> {
  const { status, body, text } = await world.call('POST', '/v1/asr-credentials', { token: by.token, body: await newAsrCredential() });
  if (status !== 201) throw new Error(`asr credential: ${status} ${text}`);
  return body.id;
}

/** A recording of somebody whose account has a default credential. */
export async function recordingOf(maker: Maker) {
  const id = await asrCredentialOf(maker);
  await maker.world.call('POST', `/v1/asr-credentials/${id}/set-default`, { token: maker.by.token });
  return formOf([{ filename: 'a.wav', type: 'audio/wav', content: 'sound' }]);
}

/** A text file to upload. */
export const textToStage = async () => formOf([{ filename: 'a.txt', type: 'text/plain', content: 'sample' }]);
