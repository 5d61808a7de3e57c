import { memo, useMemo, useState } from 'react';
import type { RunEvent } from '../../../../../client/index.ts';
import { count, duration } from '../../components/format.tsx';
import { Button } from '../../ui/buttons.tsx';
import { Checkbox } from '../../ui/fields.tsx';
import { Json } from './values.tsx';

/** Lines that are rendered at once: a run can have thousands. */
const pageSize = 100;

/** One event, or consecutive deltas of one text. */
type Line = { first: RunEvent; last: RunEvent; pieces: number; characters: number };

const textOf = (event: RunEvent): string | undefined =>
  event.type === 'message.delta' ? event.data.content : event.type === 'tool.call.delta' ? event.data.arguments_delta : undefined;
const channelOf = (event: RunEvent) => (event.type === 'message.delta' ? event.data.channel : undefined);

function linesOf(events: readonly RunEvent[], joinsDeltas: boolean): Line[] {
  const lines: Line[] = [];
  for (const event of events) {
    const text = textOf(event);
    const line = lines.at(-1);
    if (joinsDeltas && line && text !== undefined && line.first.type === event.type && channelOf(line.first) === channelOf(event)) {
      line.last = event;
      line.pieces += 1;
      line.characters += text.length;
    } else lines.push({ first: event, last: event, pieces: 1, characters: text?.length ?? 0 });
  }
  return lines;
}

type RawEventsProps = { events: readonly RunEvent[]; from?: number; to?: number };

/** The events as stored, from `seq` `from` to `to`. */
export function RawEvents({ events, from = 1, to = Infinity }: RawEventsProps) {
  const [joinsDeltas, setJoinsDeltas] = useState(true);
  const [pages, setPages] = useState(1);
  const lines = useMemo(
    () =>
      linesOf(
        events.filter(({ seq }) => seq >= from && seq <= to),
        joinsDeltas,
      ),
    [events, from, to, joinsDeltas],
  );
  const start = Date.parse(events[0]?.created_at ?? '');
  const rest = lines.length - pages * pageSize;
  return (
    <div className="raw-events">
      <Checkbox
        label="Join the deltas of a text"
        checked={joinsDeltas}
        onChange={({ currentTarget }) => setJoinsDeltas(currentTarget.checked)}
      />
      <ol>
        {lines.slice(0, pages * pageSize).map((line) => (
          <EventLine key={line.first.seq} line={line} start={start} last={line.last.seq} />
        ))}
      </ol>
      {rest > 0 && (
        <Button kind="ghost" small onClick={() => setPages(pages + 1)}>
          {`Show ${Math.min(rest, pageSize)} more of ${count(rest)}`}
        </Button>
      )}
    </div>
  );
}

const EventLine = memo(({ line: { first, last, pieces, characters }, start }: { line: Line; start: number; last: number }) => {
  const [isOpen, setOpen] = useState(false);
  return (
    <li>
      <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
        <summary>
          <span className="event-seq">{pieces > 1 ? `${first.seq}–${last.seq}` : first.seq}</span>
          <span className={`mono ${toneOf(first.type)}`}>{first.type}</span>
          <span className="event-time">+{duration(Date.parse(first.created_at) - start)}</span>
          <span className="event-brief">{pieces > 1 ? `${count(characters)} characters` : briefOf({ ...first.data })}</span>
        </summary>
        {isOpen && <Json title={pieces > 1 ? 'First event' : 'Event'} value={first} />}
      </details>
    </li>
  );
});

const toneOf = (type: string) =>
  /failed|denied|retry|detected/.test(type) ? 'is-bad' : type.endsWith('completed') ? 'is-good' : type.startsWith('tool.') ? 'is-tool' : '';

/** The most informative value of an event. */
const briefOf = (data: Record<string, unknown>): string =>
  String(data.tool_name ?? data.model ?? data.error_class ?? data.reason ?? data.source ?? data.message ?? '').slice(0, 60);
