import { useEffect, useState } from 'react';
import type { RunEvent } from '../../../../client/index.ts';
import { useArkloop } from '../../../../client/react/index.ts';

/** A line of the timeline: one event, or consecutive deltas of one text. */
export type Line = { readonly first: RunEvent; last: RunEvent; pieces: number; characters: number };

const textOf = (event: RunEvent): string | undefined =>
  event.type === 'message.delta' ? event.data.content : event.type === 'tool.call.delta' ? event.data.arguments_delta : undefined;
const channelOf = (event: RunEvent) => (event.type === 'message.delta' ? event.data.channel : undefined);

/** Appends an event, or merges it into the last line. */
function add(lines: Line[], event: RunEvent) {
  const text = textOf(event);
  const line = lines.at(-1);
  if (text !== undefined && line?.first.type === event.type && channelOf(line.first) === channelOf(event))
    lines[lines.length - 1] = { ...line, last: event, pieces: line.pieces + 1, characters: line.characters + text.length };
  else lines.push({ first: event, last: event, pieces: 1, characters: text?.length ?? 0 });
}

/** Streams the timeline of a run from its first event. */
export function useTimeline(runId: string) {
  const client = useArkloop();
  const [lines, setLines] = useState<readonly Line[]>([]);
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    const here = new AbortController();
    const taken: Line[] = [];
    let frame = 0;
    const show = () => {
      frame = 0;
      setLines([...taken]);
    };
    const events = client.runs.stream(runId, { signal: here.signal });
    const read = async () => {
      for await (const event of events) {
        add(taken, event);
        frame ||= requestAnimationFrame(show);
      }
    };
    read().catch((caught: unknown) => here.signal.aborted || setError(caught));
    return () => {
      here.abort();
      cancelAnimationFrame(frame);
    };
  }, [client, runId]);
  return { lines, error };
}
