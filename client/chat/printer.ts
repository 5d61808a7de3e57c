import { printable, printableJson } from '../../contract/shared/text.ts';
import type { RunEvent } from '../index.ts';

/** `out` prints the answer, `note` prints status lines. */
export type Output = { out(text: string): void; note(line: string): void };

export type Printer = {
  show(event: RunEvent): void;
  /** Whether the built-in stub model answered. */
  readonly stub: boolean;
};

/** One JSON event per line. */
export function jsonPrinter({ out }: Output): Printer {
  const marks = { stub: false };
  return {
    show(event) {
      marks.stub ||= isStub(event);
      out(`${printableJson(JSON.stringify(event))}\n`);
    },
    get stub() {
      return marks.stub;
    },
  };
}

/** Prints the text of the answer while it streams, and status lines. */
export function textPrinter({ out, note }: Output): Printer {
  let stub = false;
  /** `seq` of the first delta printed since the last status line. */
  let shownFrom: number | undefined;
  let midLine = false;

  const write = (typed: string) => {
    const text = printable(typed);
    if (text === '') return;
    out(text);
    midLine = !text.endsWith('\n');
  };
  const endLine = () => {
    if (midLine) write('\n');
  };
  const remark = (line: string) => {
    endLine();
    note(printable(line));
    shownFrom = undefined;
  };
  /** Printed text cannot be removed, so a status line marks it as discarded. */
  const discard = (from: number | undefined) => {
    if (from !== undefined && shownFrom !== undefined) remark('(retrying…)');
  };

  return {
    get stub() {
      return stub;
    },
    show(event) {
      stub ||= isStub(event);
      switch (event.type) {
        case 'message.delta':
          if (event.data.channel === 'thinking') return;
          shownFrom ??= event.seq;
          return write(event.data.content);
        case 'run.llm.retry':
        case 'run.recovered':
          return discard(event.data.discard_from_seq);
        case 'llm.turn.completed':
          shownFrom = undefined;
          return endLine();
        case 'tool.call':
          return remark(`(${event.data.tool_name}…)`);
        case 'run.waiting_for_input':
          return remark('(the agent waits for your answer)');
        case 'run.failed':
          return remark(`The run failed: ${event.data.message} (${event.data.error_class})`);
        case 'run.cancelled':
          return remark('(cancelled)');
        case 'run.completed':
          return endLine();
      }
    },
  };
}

const isStub = (event: RunEvent) => event.type === 'run.route.selected' && event.data.provider_kind === 'stub';
