import { startMailServer } from './mail.ts';
import { adminOf } from './planSamples.ts';
import type { Maker } from './samples.ts';

let shared: Promise<number> | undefined;

/** The port of a mail server that takes everything. */
const samplePort = (): Promise<number> => {
  shared ??= startMailServer().then(({ port }) => port);
  return shared;
};

/** Lets mail leave by a server that takes it. */
export async function mailSent({ world }: Maker): Promise<object> {
  const body = { from: 'hello@arkloop.test', smtp_host: '127.0.0.1', smtp_port: await samplePort(), smtp_tls_mode: 'none' };
  const { status, text } = await world.call('PUT', '/v1/admin/email/config', { token: (await adminOf(world)).token, body });
  if (status !== 204) throw new Error(`PUT /v1/admin/email/config: ${status} ${text}`);
  return {};
}
