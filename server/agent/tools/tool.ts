import { z } from 'zod';
import type { RunEventInput } from '../../../contract/events.ts';
import type { ImagePart } from '../../models/model.ts';
import type { Elicitation } from '../../resources/runs/elicitation.ts';

export type ToolContext = {
  readonly run: {
    readonly id: string;
    readonly account_id: string;
    readonly thread_id: string;
    readonly created_by_user_id: string | null;
    readonly trace_id: string;
  };
  readonly callId: string;
  /** Aborted when the run stops or the call times out. */
  readonly signal: AbortSignal;
  /** Shared by all calls of a run in this process. */
  readonly memory: Map<string, unknown>;
  /** Reports how far the call is. Extends the time limit of the tool, but not that of the persona. */
  report?(progress: ToolProgress): void;
  /** Asks the user for the server of the tool. The time limits wait. Undefined if the run cannot ask. Rejects with the reason of `signal`. */
  ask?(question: ToolQuestion, signal: AbortSignal): Promise<ToolAnswer>;
};

export type ToolProgress = { progress: number; total?: number; message?: string };

export type ToolQuestion = Elicitation & { server: { id: string; name: string } };

/** `content` is JSON that matches the schema of the question. */
export type ToolAnswer = { action: 'accept'; content: string } | { action: 'decline' | 'cancel' };

/** `result` and `images` go to the model. `steps` are events to write before the result. */
export type ToolOutput = { result: Record<string, unknown>; images?: readonly ImagePart[]; steps?: readonly RunEventInput[] };

/** `run` throws a `ToolFailure` for an error that the model should read. */
export type Tool = {
  name: string;
  description: string;
  /** A JSON Schema of type object. */
  parameters: Record<string, unknown>;
  /** A group that a persona can allow or deny as a whole: `web_search`, `mcp__files`. */
  group?: string;
  /** Whether calls of one turn may run in parallel. */
  parallel: boolean;
  /** Listed even if `core_tools` of the persona does not name it. */
  alwaysListed?: boolean;
  /** Whether a call may change something. Default: the opposite of `parallel`. */
  sideEffects?: boolean;
  /** Time limit in milliseconds, unless the persona sets one. */
  timeoutMs?: number;
  /** Waits as long as its arguments say: the time limit of the persona does not apply. */
  limitsItself?: boolean;
  run(args: Record<string, unknown>, context: ToolContext): Promise<ToolOutput>;
};

/** An error that the model reads (class, message and details). The run continues. */
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

type Description<Input extends z.ZodType> = Omit<Tool, 'parameters' | 'run'> & {
  /** A strict object: unknown arguments are rejected. */
  input: Input;
};
type Run<Input extends z.ZodType> = (args: z.output<Input>, context: ToolContext) => Promise<ToolOutput>;

/**
 * Every prompt contains the schemas of its tools. What a model rarely gets wrong is left out: lengths of texts and unknown properties. A call that violates
 * it gets an error that says what is wrong.
 */
function shorten({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }) {
  delete jsonSchema.additionalProperties;
  delete jsonSchema.minLength;
  delete jsonSchema.maxLength;
  delete jsonSchema.pattern;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
}

/**
 * Describes a tool whose arguments are validated by a schema. Invalid arguments throw `tool.args_invalid`. The result makes the tool of one run: deriving
 * its JSON Schema takes a fifth of a millisecond.
 */
export function describeTool<Input extends z.ZodType>({ input, ...facts }: Description<Input>): (run: Run<Input>) => Tool {
  const { $schema: _, ...parameters } = z.toJSONSchema(input, { io: 'input', override: shorten }) as Record<string, unknown>;
  return (run) => ({
    ...facts,
    parameters,
    async run(args, context) {
      const read = input.safeParse(args);
      if (!read.success) throw new ToolFailure('tool.args_invalid', z.prettifyError(read.error));
      return run(read.data, context);
    },
  });
}

/** Defines a tool that is the same in all runs. */
export const defineTool = <Input extends z.ZodType>({ run, ...description }: Description<Input> & { run: Run<Input> }): Tool =>
  describeTool(description as unknown as Description<Input>)(run);
