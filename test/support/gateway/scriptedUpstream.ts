import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { onTestFinished } from 'vitest';

/** How an upstream handles a request: when it responds, how it writes the response, and how it ends the connection. */
export type Script = {
  after: 'the head' | 'a part of the body' | 'the whole body';
  answer: 'whole' | 'in chunks';
  /** `close` closes the connection with unread bytes, like servers that respond early. `FIN` closes the sending side and reads no more. */
  end: 'keeps the connection' | 'FIN' | 'close' | 'RST';
  header: 'keep-alive' | 'close';
};

/** A TCP server that follows a script, and counts connections and bytes. */
export type ScriptedUpstream = { url: string; connections(): number; bytes(): number };

export const responseText = '{"error":"payload_too_large"}';
const partOfBody = 100_000;

/** Starts an upstream. Each of its connections responds once, as scripted. Stopped after the test. */
export async function scriptedUpstream(script: Script): Promise<ScriptedUpstream> {
  const sockets = new Set<Socket>();
  let bytes = 0;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    runScript(script, socket, (length) => {
      bytes += length;
    }).catch(() => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, connections: () => sockets.size, bytes: () => bytes };
}

async function runScript(script: Script, socket: Socket, read: (bytes: number) => void) {
  let head = '';
  let body = 0;
  let end = '';
  for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    read(chunk.length);
    const text = chunk.toString('latin1');
    const arrived = head.includes('\r\n\r\n') ? text.length : undefined;
    if (arrived === undefined) head += text;
    body = arrived === undefined ? Math.max(0, head.length - head.indexOf('\r\n\r\n') - 4) : body + arrived;
    end = (end + text.slice(-5)).slice(-5);
    if (isTime(script, head, body, end)) break;
  }
  await writeAnswer(script, socket);
  if (script.end === 'FIN') socket.end();
  if (script.end === 'close') socket.destroySoon();
  if (script.end === 'RST') socket.resetAndDestroy();
}

/** Whether enough of the request has arrived to respond. */
function isTime({ after }: Script, head: string, body: number, end: string): boolean {
  if (!head.includes('\r\n\r\n')) return false;
  if (after === 'the head') return true;
  if (after === 'a part of the body') return body >= partOfBody;
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
  return length === undefined ? end === '0\r\n\r\n' : body >= Number(length);
}

async function writeAnswer({ answer, header }: Script, socket: Socket) {
  const head = `HTTP/1.1 413 Payload Too Large\r\ncontent-type: application/json\r\nconnection: ${header}\r\n`;
  if (answer === 'whole') return void socket.write(`${head}content-length: ${responseText.length}\r\n\r\n${responseText}`);
  socket.write(`${head}transfer-encoding: chunked\r\n\r\n`);
  for (const char of responseText) {
    await turn();
    socket.write(`1\r\n${char}\r\n`);
  }
  socket.write('0\r\n\r\n');
}
