// Reads the event stream of a response, for the generators whose clients leave that to the application.

/** The data of the events in a text of server-sent events. */
export const eventsIn = <Event>(text: string): Event[] =>
  text.split('\n').flatMap((line) => (line.startsWith('data: ') ? [JSON.parse(line.slice(6)) as Event] : []));

/** The last event is that of a run that has answered. */
export function mustComplete(events: readonly { type: string }[]) {
  const last = events.at(-1);
  if (last?.type !== 'run.completed') throw new Error(`the last event is ${last?.type}`);
}
