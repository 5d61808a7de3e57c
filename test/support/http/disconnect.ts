import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Requests whose body is never sent completely. */
const unfinished = {
  '/v1/threads': ['application/json', '{"title":'],
  '/v1/attachments/stage': [
    'multipart/form-data; boundary=b',
    '--b\r\ncontent-disposition: form-data; name="file"; filename="a.txt"\r\n\r\nhalf',
  ],
} as const;

export const unfinishedPaths = Object.keys(unfinished) as (keyof typeof unfinished)[];

/** Sends a part of a request's body and resets the connection 100 ms later, when the server waits for the rest. */
export async function disconnectWhileSending(url: string, path: keyof typeof unfinished, token: string): Promise<void> {
  const [type, part] = unfinished[path];
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  await once(socket, 'connect');
  const headers = `host: 127.0.0.1\r\nauthorization: Bearer ${token}\r\ncontent-type: ${type}\r\ncontent-length: 500`;
  socket.write(`POST ${path} HTTP/1.1\r\n${headers}\r\n\r\n${part}`);
  await sleep(100);
  socket.resetAndDestroy();
}
