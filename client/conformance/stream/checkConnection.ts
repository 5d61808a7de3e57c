import { type Violation, violationList } from '../rules.ts';
import { type Frame, isTerminal } from './frames.ts';
import type { Connection } from './readStream.ts';

type Expect = ReturnType<typeof violationList>['expectThat'];

/** What one connection must have sent. `after` is the requested position, `isWhole` whether it goes to the end of the run. */
export type Expected = { runId: string; after: number; isWhole: boolean; closeMs: number };

/** Differences between what a connection sent and the rules of the stream. The schemas of the events are checked elsewhere. */
export function connectionViolations(read: Connection, expected: Expected): Violation[] {
  const { list, expectThat } = violationList();
  checkHeaders(read, expectThat);
  checkFrames(read, expectThat);
  checkSequence(read, expected, expectThat);
  checkEvents(read, expected, expectThat);
  checkEnd(read, expected, expectThat);
  return list;
}

function checkHeaders({ headers }: Connection, expectThat: Expect) {
  const control = headers.get('cache-control');
  const directives = (control ?? '').split(',').map((part) => part.trim());
  const isRight = directives.includes('no-cache') && directives.includes('no-transform');
  expectThat(isRight, 'stream.headers', `Cache-Control is ${control}, not no-cache, no-transform`);
  const buffering = headers.get('x-accel-buffering');
  expectThat(buffering === 'no', 'stream.headers', `X-Accel-Buffering is ${buffering}, not no`);
  expectThat(!headers.has('content-encoding'), 'stream.headers', `the stream is compressed (${headers.get('content-encoding')})`);
  expectThat(!headers.has('content-length'), 'stream.headers', 'the stream has a Content-Length');
}

function checkFrames({ frames, rest, end }: Connection, expectThat: Expect) {
  expectThat(frames[0]?.comment === true && frames[0].fields.length === 0, 'stream.open', 'the stream does not begin with a comment');
  for (const frame of frames) {
    const problem = frameProblem(frame);
    expectThat(problem === undefined, 'stream.frame', `${problem}: ${JSON.stringify(frame.raw.slice(0, 80))}`);
  }
  if (end === 'server')
    expectThat(rest === '', 'stream.frame', `the stream ends in the middle of an event: ${JSON.stringify(rest.slice(0, 80))}`);
  expectThat(end !== 'broken', 'stream.close', 'the connection broke');
}

function frameProblem({ fields, comment, event }: Frame): string | undefined {
  if (fields.length === 0) return comment ? undefined : 'an empty block';
  const names = fields.map(([name]) => name).sort();
  if (names.join() !== 'data,event,id') return `an event with the lines ${names.join(', ')}`;
  const body: unknown = event?.body;
  return typeof body === 'object' && body !== null && !Array.isArray(body) ? undefined : '`data` is not a JSON object';
}

function checkSequence({ events }: Connection, { after, isWhole }: Expected, expectThat: Expect) {
  const seqs = events.map(({ seq }) => seq);
  const twice = seqs.find((seq, at) => seqs.indexOf(seq) !== at);
  expectThat(twice === undefined, 'stream.duplicate', `seq ${twice} was sent twice`);
  const early = seqs.find((seq) => seq <= after);
  expectThat(early === undefined, 'stream.resume', `seq ${early} was sent after position ${after}`);
  const once = [...new Set(seqs)];
  const highest = Math.max(after, ...once);
  const missing = Array.from({ length: highest - after }, (_, at) => after + 1 + at).find((seq) => !once.includes(seq));
  const start = after === 0 ? 'the start' : `position ${after}`;
  expectThat(missing === undefined, 'stream.gap', `seq ${missing} is missing after ${start}`);
  const later = once.find((seq, at) => at > 0 && seq < once[at - 1]!);
  expectThat(later === undefined, 'stream.order', `seq ${later} came after a higher one`);
  expectThat(!isWhole || events.length > 0, 'stream.gap', 'no event was sent');
}

function checkEvents({ events }: Connection, { runId, after }: Expected, expectThat: Expect) {
  const ids = new Map<unknown, number>();
  let latest = '';
  for (const { id, name, seq, type, body } of events) {
    expectThat(id === String(seq), 'stream.id', `id is ${id} for seq ${seq}`);
    expectThat(name === type, 'stream.type', `event is ${name} for type ${type}`);
    expectThat(body?.run_id === runId, 'stream.run', `event ${seq} has the run_id ${body?.run_id}`);
    const other = ids.get(body?.event_id);
    expectThat(other === undefined || other === seq, 'stream.run', `events ${other} and ${seq} have the same event_id`);
    ids.set(body?.event_id, seq);
    expectThat(body?.ts === body?.created_at, 'stream.time', `event ${seq} has another ts than created_at`);
    const time = String(body?.created_at);
    expectThat(time >= latest, 'stream.time', `event ${seq} is older than the event before`);
    latest = time;
  }
  const first = events[0];
  if (after === 0 && first?.seq === 1) expectThat(first.type === 'run.started', 'stream.first', `the first event is ${first.type}`);
}

function checkEnd({ events, frames, end, closed }: Connection, { isWhole, closeMs }: Expected, expectThat: Expect) {
  const last = events.filter(isTerminal);
  expectThat(last.length < 2, 'stream.terminal', `${last.length} terminal events: ${last.map(({ type }) => type).join(', ')}`);
  const at = events.findIndex(isTerminal);
  const following = events.slice(at + 1).filter((event) => !isTerminal(event));
  if (at >= 0) expectThat(following.length === 0, 'stream.terminal', `${following[0]?.type} follows the terminal event`);
  if (!isWhole) return;
  expectThat(last.length > 0, 'stream.terminal', `the stream ends (${end}) without a terminal event`);
  if (last.length === 0) return;
  const ended = frames.find(({ event }) => event && isTerminal(event))!;
  const inTime = end !== 'time' && closed - ended.at < closeMs;
  expectThat(inTime, 'stream.close', `the stream is open ${closeMs / 1_000} seconds after the terminal event`);
}

/** The longest silence of a connection, in milliseconds. */
export function longestSilence({ frames, opened, closed }: Connection): number {
  const times = [opened, ...frames.map(({ at }) => at), closed];
  return Math.max(...times.slice(1).map((time, at) => time - times[at]!));
}
