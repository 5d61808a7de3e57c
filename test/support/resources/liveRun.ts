import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { encodeEvent } from '../../../client/testing/index.ts';
import type { RunEvent } from '../../../contract/events.ts';

export type Answerer = (req: IncomingMessage, res: ServerResponse) => void;

/** Fakes the event stream of a run. Events are sent as they are added; connections are counted. */
export function fakeRunStream(id: string) {
  const events: RunEvent[] = [];
  const open = new Map<ServerResponse, number>();
  const run = { connections: 0, open, add, cut };
  const path = `/v1/runs/${id}`;
  const send = (res: ServerResponse, event: RunEvent) => res.write(encodeEvent(event));
  function add(all: readonly RunEvent[]) {
    for (const event of all.slice(events.length)) {
      events.push(event);
      for (const [res, after] of open) if (event.seq > after) send(res, event);
    }
  }
  function cut() {
    for (const res of open.keys()) res.destroy();
  }
  const answers: Record<string, Answerer> = {
    [`GET ${path}/events`]: (req, res) => {
      run.connections += 1;
      const after = Math.max(
        Number(req.headers['last-event-id'] ?? 0),
        Number(new URL(req.url!, 'http://x').searchParams.get('after_seq')),
      );
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write(': ping\n\n');
      open.set(res, after);
      res.on('close', () => open.delete(res));
      for (const event of events) if (event.seq > after) send(res, event);
    },
  };
  return Object.assign(run, { answers, path });
}

/** Proxies a request to another server and streams the response. */
export function proxyRequest(to: string, req: IncomingMessage, res: ServerResponse) {
  const onward = request(to + req.url, { method: req.method!, headers: req.headers }, (answer) => {
    res.writeHead(answer.statusCode!, answer.headers);
    answer.pipe(res);
  });
  res.on('close', () => onward.destroy());
  onward.on('error', () => res.destroy());
  req.pipe(onward);
}
