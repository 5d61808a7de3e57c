import { setTimeout as sleep } from 'node:timers/promises';
import type { HttpResponse } from '../call.ts';
import { violationsOf } from '../check.ts';
import { type CheckContext, note, type Result } from '../exchange.ts';
import type { Rule } from '../rules.ts';
import { post, uniqueName } from '../samples/fixtures.ts';
import { connectionViolations, type Expected, longestSilence } from './checkConnection.ts';
import { isTerminal, type StreamEvent } from './frames.ts';
import { type Connection, type ReadOptions, readStream } from './readStream.ts';

/** At most this many positions are resumed from. Longer runs are cut at evenly spaced ones. */
const maxCuts = 60;

/** A machine that pauses looks like a server that sends late. So what is found by durations counts only if it is found in this many runs. */
const measuredRuns = 3;

type Stream = {
  kit: CheckContext;
  result: Result;
  runId: string;
  threadId: string;
  open(query: string, options?: Partial<ReadOptions>): Promise<Connection>;
  /** Checks a connection by the rules of the stream and of the operation. */
  check(read: Connection, expected: Omit<Expected, 'runId' | 'closeMs'>): void;
  report(rule: Rule, read: Connection, what: string): void;
};

/** Verifies the event stream of new runs: live, stored, resumed at every position, and after the end. */
export async function checkStream(kit: CheckContext, result: Result) {
  const events = await checkLive(kit, result);
  if (!events) return;
  await checkCancelled(kit, result);
  await checkIdle(kit, result);
}

async function startRun(kit: CheckContext, result: Result, content: string): Promise<Stream> {
  const { id: threadId } = await post(kit.maker, '/v1/threads', { title: uniqueName() });
  await post(kit.maker, `/v1/threads/${threadId}/messages`, { content });
  const { run_id: runId } = await post(kit.maker, `/v1/threads/${threadId}/runs`);
  const report = (rule: Rule, read: Connection, what: string) => note(result, rule, read.path, summaryOf(read), what);
  return {
    ...{ kit, result, runId, threadId, report },
    open: (query, options) => {
      const path = `/v1/runs/${runId}/events${query}`;
      return readStream(kit.url, path, {
        token: kit.maker.by.token,
        maxMs: kit.runMs,
        closeMs: kit.closeMs,
        signal: kit.signal,
        ...options,
      });
    },
    check(read, expected) {
      for (const { rule, what } of violationsOf(result.operation.route, read)) report(rule, read, what);
      if (!result.seen.includes(read.status)) result.seen.push(read.status);
      if (read.status !== 200) return report('request.valid', read, 'expected 200');
      for (const { rule, what } of connectionViolations(read, { ...expected, runId, closeMs: kit.closeMs })) report(rule, read, what);
    },
  };
}

const summaryOf = ({ status, events, end }: Connection) => `${status}, ${events.length} events${end === 'server' ? '' : `, ${end}`}`;

/** A run with three readers: one to the end, one that loses its connection and resumes, one that wants the events so far. */
async function readLive(kit: CheckContext, result: Result) {
  const stream = await startRun(kit, result, kit.message);
  const [whole, parts, soFar] = await Promise.all([stream.open(''), readInParts(stream), stream.open('?follow=false')]);
  return { stream, whole, parts, soFar };
}

async function checkLive(kit: CheckContext, result: Result): Promise<StreamEvent[] | undefined> {
  const live = await readLive(kit, result);
  const { stream, whole, parts, soFar } = live;
  stream.check(whole, { after: 0, isWhole: true });
  stream.check(soFar, { after: 0, isWhole: false });
  await checkDurations(live);
  // The other connections would wait as long.
  if (whole.end !== 'server' || !whole.events.some(isTerminal)) return undefined;
  for (const [at, part] of parts.entries()) stream.check(part, { after: at === 0 ? 0 : parts[0]!.events.length, isWhole: at > 0 });
  const stored = await stream.open('?follow=false');
  stream.check(stored, { after: 0, isWhole: true });
  const again = await stream.open('');
  stream.check(again, { after: 0, isWhole: true });
  const sent = textsOf(whole.events);
  for (const [read, when] of [
    [stored, 'with follow=false'],
    [again, 'again'],
    [soFar, 'while it was active, with follow=false'],
  ] as const) {
    const wanted = read === soFar ? sent.slice(0, soFar.events.length) : sent;
    if (textsOf(read.events).join('\n') !== wanted.join('\n'))
      stream.report('stream.stored', read, `the run read ${when} has other events than live`);
  }
  if (textsOf(parts.flatMap(({ events }) => events)).join('\n') !== sent.join('\n'))
    stream.report('stream.resume', parts.at(-1)!, 'a second reader that lost its connection and resumed did not get the same events');
  await checkCuts(stream, stored.events);
  await checkParameters(stream);
  await checkOutcome(stream, stored.events);
  return stored.events;
}

const textsOf = (events: readonly StreamEvent[]) => events.map(({ text }) => text);

/** Leaves after two events, and resumes as a browser does: with the same URL and Last-Event-ID. */
async function readInParts(stream: Stream): Promise<Connection[]> {
  const first = await stream.open('?after_seq=0', { until: (_, count) => count === 2 });
  if (first.events.length === 0) return [first];
  const headers = { 'last-event-id': first.events.at(-1)!.id ?? '' };
  return [first, await stream.open('?after_seq=0', { headers })];
}

/** Reports what took too long, or too little time, in each of `measuredRuns` runs. */
async function checkDurations(live: Awaited<ReturnType<typeof readLive>>) {
  const { kit, result, report } = live.stream;
  let found = durationViolations(kit, live);
  for (let measured = 1; measured < measuredRuns && found.length > 0; measured++) {
    const again = durationViolations(kit, await readLive(kit, result));
    found = found.filter(({ rule }) => again.some((other) => other.rule === rule));
  }
  for (const { rule, read, what } of found) report(rule, read, what);
}

type DurationViolation = { rule: Rule; read: Connection; what: string };

function durationViolations(kit: CheckContext, { whole, soFar }: { whole: Connection; soFar: Connection }): DurationViolation[] {
  const found = [...silences(kit, whole), ...collected(whole)];
  const length = whole.closed - whole.opened;
  if (length > 1_000 && soFar.closed - soFar.opened > length / 2) {
    const what = `follow=false kept the stream open for ${(length / 1_000).toFixed(1)} seconds, until the run ended`;
    found.push({ rule: 'stream.follow', read: soFar, what });
  }
  return found;
}

/** Silence without a comment, and the time until the first one. */
function silences({ heartbeatMs, closeMs }: CheckContext, read: Connection): DurationViolation[] {
  const found: DurationViolation[] = [];
  const silence = longestSilence(read);
  // A timer may be late.
  if (silence > heartbeatMs * 1.5 + 1_000)
    found.push({ rule: 'stream.heartbeat', read, what: `nothing was sent for ${(silence / 1_000).toFixed(1)} seconds` });
  const first = read.frames[0];
  if (first && first.at - read.opened > closeMs)
    found.push({ rule: 'stream.open', read, what: `the first byte came after ${((first.at - read.opened) / 1_000).toFixed(1)} seconds` });
  return found;
}

/** Events that were created over a long time must not arrive together. Compares durations, because the clocks differ. */
function collected(read: Connection): DurationViolation[] {
  const times = read.events.map(({ body }) => Date.parse(body?.created_at));
  const arrivals = read.frames.filter(({ event }) => event).map(({ at }) => at);
  const [happened, arrived] = [times.at(-1)! - times[0]!, arrivals.at(-1)! - arrivals[0]!];
  // The reader may have come late, so only a run of more than a second counts.
  if (!(happened > 1_000 && arrived < happened / 10)) return [];
  const what = `events of ${(happened / 1_000).toFixed(1)} seconds arrived within ${Math.round(arrived)} ms`;
  return [{ rule: 'stream.live', read, what }];
}

/** Resumes after every event, by query and by header. */
async function checkCuts(stream: Stream, events: readonly StreamEvent[]) {
  const last = events.at(-1)?.seq ?? 0;
  const step = Math.max(1, Math.ceil(last / maxCuts));
  if (step > 1) stream.result.notes.push(`resumed at every ${step}th of ${last} events`);
  for (let cut = 1; cut < last; cut += step) {
    const rest = textsOf(events.filter(({ seq }) => seq > cut)).join('\n');
    const byQuery = await stream.open(`?after_seq=${cut}`);
    const byHeader = await stream.open('', { headers: { 'last-event-id': String(cut) } });
    for (const [read, how] of [
      [byQuery, `after_seq=${cut}`],
      [byHeader, `Last-Event-ID: ${cut}`],
    ] as const) {
      stream.check(read, { after: cut, isWhole: true });
      if (textsOf(read.events).join('\n') !== rest)
        stream.report('stream.resume', read, `${how} did not get exactly the events after ${cut}`);
    }
  }
  await checkBoth(stream, events, last);
  await checkFinished(stream, last);
}

/** The larger of the two positions counts. */
async function checkBoth(stream: Stream, events: readonly StreamEvent[], last: number) {
  const wanted = events.filter(({ seq }) => seq > last - 1).length;
  const cases: [query: number, header: number][] = [
    [0, last - 1],
    [last - 1, 0],
    [1, last - 1],
  ];
  for (const [query, header] of cases) {
    const read = await stream.open(`?after_seq=${query}`, { headers: { 'last-event-id': String(header) } });
    if (read.events.length !== wanted)
      stream.report('stream.resume', read, `after_seq=${query} with Last-Event-ID: ${header} must start after ${last - 1}, the larger one`);
  }
}

async function checkFinished(stream: Stream, last: number) {
  for (const position of [last, last + 100]) {
    const read = await stream.open(`?after_seq=${position}`);
    if (read.status !== 200 || read.events.length > 0 || read.end !== 'server')
      stream.report(
        'stream.finished',
        read,
        `after_seq=${position} of a run with ${last} events; expected 200 without events, closed at once`,
      );
    const header = await stream.open('', { headers: { 'last-event-id': String(position) } });
    if (header.status !== 204 || header.text !== '')
      stream.report('stream.finished', header, `Last-Event-ID: ${position} of a run with ${last} events; expected 204`);
    if (!stream.result.seen.includes(header.status)) stream.result.seen.push(header.status);
  }
}

async function checkParameters(stream: Stream) {
  const cases: [what: string, query: string, headers: Record<string, string>][] = [
    ['after_seq=-1', '?after_seq=-1', {}],
    ['after_seq=x', '?after_seq=x', {}],
    ['follow=maybe', '?follow=maybe', {}],
    ['Last-Event-ID: x', '', { 'last-event-id': 'x' }],
    ['Accept: application/json', '', { accept: 'application/json' }],
  ];
  for (const [what, query, headers] of cases) {
    const read = await stream.open(query, { headers });
    for (const { rule, what: line } of violationsOf(stream.result.operation.route, read)) stream.report(rule, read, line);
    if (read.status !== 400) stream.report('request.validation', read, `expected 400 for ${what}`);
  }
}

const statusOf: Record<string, string> = { 'run.completed': 'completed', 'run.failed': 'failed', 'run.cancelled': 'cancelled' };

/** Compares the run and its answer with the events. */
async function checkOutcome(stream: Stream, events: readonly StreamEvent[]) {
  const { kit, runId, threadId, result } = stream;
  const last = events.find(isTerminal);
  if (!last) return;
  const options = { token: kit.maker.by.token };
  const run = await kit.call('GET', `/v1/runs/${runId}`, options);
  const report = (path: string, answer: HttpResponse, what: string) => note(result, 'stream.outcome', path, answer, what);
  if (run.body?.status !== statusOf[last.type]) report(`/v1/runs/${runId}`, run, `the run is ${run.body?.status} after ${last.type}`);
  if (last.type !== 'run.completed') return;
  const path = `/v1/threads/${threadId}/messages`;
  const messages = await kit.call('GET', path, options);
  const answer = (messages.body as { run_id?: string; content: string }[]).find(({ run_id }) => run_id === runId);
  if (answer?.content !== textOf(events)) report(path, messages, 'the stored answer is not the text of the message.delta events');
}

/** The visible text of the events that were not discarded. */
function textOf(events: readonly StreamEvent[]): string {
  let kept: StreamEvent[] = [];
  for (const event of events) {
    const from: unknown = event.body?.data?.discard_from_seq;
    if (typeof from === 'number') kept = kept.filter(({ seq }) => seq < from);
    if (event.type === 'message.delta' && event.body.data.channel !== 'thinking') kept.push(event);
  }
  return kept.map(({ body }) => body.data.content).join('');
}

/** A canceled run ends with one terminal event, too. */
async function checkCancelled(kit: CheckContext, result: Result) {
  const stream = await startRun(kit, result, kit.message);
  const reading = stream.open('');
  await sleep(10);
  await kit.call('POST', `/v1/runs/${stream.runId}:cancel`, { token: kit.maker.by.token, body: {} });
  const read = await reading;
  stream.check(read, { after: 0, isWhole: true });
  await checkOutcome(stream, read.events);
}

/** A run that is silent for longer than the heartbeat. */
async function checkIdle(kit: CheckContext, result: Result) {
  if (kit.idleMessage === undefined) return void result.notes.push(`heartbeats while a run is silent: not checked, see --idle-message`);
  const stream = await startRun(kit, result, kit.idleMessage);
  const read = await stream.open('');
  stream.check(read, { after: 0, isWhole: read.end === 'server' });
  for (const { rule, what } of silences(kit, read)) stream.report(rule, read, what);
  const events = read.frames.filter(({ event }) => event).map(({ at }) => at);
  const gap = Math.max(...events.slice(1).map((at, index) => at - events[index]!));
  if (gap < kit.heartbeatMs)
    result.notes.push(`heartbeats not checked: the longest pause after the --idle-message was ${(gap / 1_000).toFixed(1)} s`);
}
