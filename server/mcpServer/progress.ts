import type { EncodedEvent } from '../runs/follow/eventBroker.ts';

/** Interval at which a client is told that the run goes on, in milliseconds. Clients give up after 60 s without progress. */
const repeatMs = 10_000;

const texts: Readonly<Record<string, (event: EncodedEvent) => string>> = {
  'run.started': () => 'Waiting for a worker',
  'run.route.selected': () => 'Asking the model',
  'message.delta': () => 'Writing',
  'tool.call': (event) => `Calling ${toolNameOf(event)}`,
  'subagent.started': () => 'Starting a sub-agent',
  'run.recovered': () => 'Continuing after the loss of a worker',
};

/** The `data` line of an event is JSON. */
function toolNameOf({ bytes }: EncodedEvent): string {
  const text = bytes.toString();
  const { data } = JSON.parse(text.slice(text.indexOf('\ndata: ') + 7)) as { data: { tool_name?: string } };
  return data.tool_name ?? 'a tool';
}

/** Reports the progress of a run in words: at once, with each change, and every 10 s. */
export function reportProgress(send: (progress: { progress: number; message: string }) => void) {
  let progress = 0;
  let message = 'Waiting for the run';
  const tell = () => send({ progress: ++progress, message });
  const timer = setInterval(tell, repeatMs);
  tell();
  return {
    onEvents(events: readonly EncodedEvent[]) {
      const latest = events.findLast(({ type }) => Object.hasOwn(texts, type));
      const now = latest && texts[latest.type]!(latest);
      if (now === undefined || now === message) return;
      message = now;
      timer.refresh();
      tell();
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
