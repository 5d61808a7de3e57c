import { z } from 'zod';
import type { RunStep } from '../../../contract/events.ts';
import type { ImagePart } from '../model.ts';

/** What a tool knows of the run that calls it. */
export type ToolContext = {
  readonly run: {
    readonly id: string;
    readonly account_id: string;
    readonly thread_id: string;
    readonly created_by_user_id: string | null;
    readonly trace_id: string;
  };
  readonly callId: string;
  /** Aborted when the run stops or the call takes too long. */
  readonly signal: AbortSignal;
  /** Lives as long as the run does in this process: what a tool wants to remember from one call to the next. */
  readonly memory: Map<string, unknown>;
};

/** What a call brought: the result for the model, images that it is shown beside it, and events that are written before it. */
export type ToolOutput = { result: Record<string, unknown>; images?: readonly ImagePart[]; steps?: readonly RunStep[] };

/** Something a model may call. `run` throws a `ToolFailure` for what the model should be told. */
export type Tool = {
  name: string;
  description: string;
  /** A JSON Schema of an object. */
  parameters: Record<string, unknown>;
  /** The group a persona can allow or deny as a whole: `web_search`, `mcp__files`. */
  group?: string;
  /** Not exclusive: calls of one turn may run side by side. */
  parallel: boolean;
  /** Whether a call may change something; where it is not said, those that do not run side by side do. */
  sideEffects?: boolean;
  /** Longest time of a call in milliseconds, where the persona sets none. */
  timeoutMs?: number;
  run(args: Record<string, unknown>, context: ToolContext): Promise<ToolOutput>;
};

/** A tool that did not do what it was asked; the model reads class, message and details and goes on. */
export class ToolFailure extends Error {
  override name = 'ToolFailure';
  readonly errorClass: string;
  readonly details: Record<string, unknown> | undefined;
  constructor(errorClass: string, message: string, details?: Record<string, unknown>) {
    super(message);
    this.errorClass = errorClass;
    this.details = details;
  }
}

type Definition<Input extends z.ZodType> = Omit<Tool, 'parameters' | 'run'> & {
  /** A strict object: an unknown argument is refused. */
  input: Input;
  run(args: z.output<Input>, context: ToolContext): Promise<ToolOutput>;
};

/** A tool whose arguments are checked by a schema; arguments that do not fit are `tool.args_invalid`. */
export function defineTool<Input extends z.ZodType>({ input, run, ...facts }: Definition<Input>): Tool {
  const { $schema: _, ...parameters } = z.toJSONSchema(input, { io: 'input' }) as Record<string, unknown>;
  return {
    ...facts,
    parameters,
    async run(args, context) {
      const read = input.safeParse(args);
      if (!read.success) throw new ToolFailure('tool.args_invalid', z.prettifyError(read.error));
      return run(read.data, context);
    },
  };
}
