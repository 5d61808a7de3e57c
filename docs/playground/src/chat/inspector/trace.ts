import type { Cost, RunError, RunEvent, Usage } from '../../../../../client/index.ts';

/**
 * - `setup`: the queue, the choice of the model, slow tool servers, a shortened prompt
 * - `wait`: a question to the user, or the delay before a retry
 * - `note`: an instant without duration, such as a warning
 */
export type StepKind = 'run' | 'turn' | 'model' | 'tool' | 'setup' | 'wait' | 'note';

/** `stopped`: the run ended before the step did. */
export type StepStatus = 'running' | 'done' | 'failed' | 'denied' | 'stopped';

/** A node of the tree of a run. Times are milliseconds since 1970. An unchanged step keeps its identity. */
export type Step = {
  /** Unique in the run, and the same each time that the run is read: it is part of shared links. */
  readonly id: string;
  readonly runId: string;
  readonly parentId: string | undefined;
  readonly kind: StepKind;
  readonly name: string;
  readonly status: StepStatus;
  readonly start: number;
  readonly end: number | undefined;
  /** When the first piece of text or reasoning arrived. */
  readonly firstTokenAt?: number;
  readonly usage?: Usage | undefined;
  readonly cost?: Cost | undefined;
  /** The events of the step. Other steps may have events in between. */
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly input?: unknown;
  readonly output?: unknown;
  readonly reasoning?: string;
  readonly error?: RunError | undefined;
};

/**
 * The event after which a replay from a step begins: after the results of the turn of a tool, otherwise before the model call to which the step
 * belongs. 0 if no turn comes before it.
 */
export function replaySeq(steps: readonly Step[], step: Step): number {
  const ofTurn = steps.filter(({ kind, parentId }) => kind === 'tool' && parentId === step.parentId);
  const seq = step.kind === 'tool' ? Math.max(...ofTurn.map(({ lastSeq }) => lastSeq)) : step.firstSeq;
  const first = steps.find(({ kind }) => kind === 'turn');
  return first?.end === undefined || seq < first.lastSeq ? 0 : seq;
}

/** Collects the events of a run into steps. Events are added in the order of `seq`. */
export type TraceBuilder = {
  add(event: RunEvent): void;
  /** In the order in which the steps began to be known. */
  steps(): readonly Step[];
  /** The message of the thread that the run answers. */
  promptMessageId(): string | undefined;
};

export function createTrace(): TraceBuilder {
  const steps = new Map<string, Step>();
  let runId = '';
  let model = '';
  /** Instant of the last event that was not a delta: a model call starts where the previous step ended. */
  let previousEnd = 0;
  let prompt: string | undefined;
  let turns = 0;
  let attempts = 0;
  let turnId: string | undefined;
  let modelId: string | undefined;
  let pendingResults = 0;
  /** What the next model call reads that the one before did not. */
  let newInput: unknown[] = [];

  const put = (step: Omit<Step, 'runId'>) => void steps.set(step.id, { ...step, runId });
  const change = (id: string | undefined, changes: Partial<Step>) => {
    const step = id === undefined ? undefined : steps.get(id);
    if (step) steps.set(step.id, { ...step, ...changes });
  };
  const atOf = (event: RunEvent) => Date.parse(event.created_at);

  function openModelCall(start: number, seq: number) {
    if (turnId === undefined) {
      turnId = `turn-${turns + 1}`;
      attempts = 0;
      put({
        id: turnId,
        parentId: 'run',
        kind: 'turn',
        name: `Turn ${turns + 1}`,
        status: 'running',
        start,
        end: undefined,
        firstSeq: seq,
        lastSeq: seq,
      });
    }
    attempts += 1;
    modelId = `model-${turns + 1}${attempts > 1 ? `.${attempts}` : ''}`;
    put({
      id: modelId,
      parentId: turnId,
      kind: 'model',
      name: model || 'Model call',
      status: 'running',
      start,
      end: undefined,
      firstSeq: seq,
      lastSeq: seq,
      input: newInput,
    });
  }

  /** Ends the open model call. Its text so far stays as its output unless there is a complete one. */
  function closeModelCall(event: RunEvent, changes: Partial<Step>) {
    change(modelId, { end: atOf(event), lastSeq: event.seq, ...changes });
    modelId = undefined;
  }

  function closeTurn(event: RunEvent, status: StepStatus = 'done') {
    change(turnId, { end: atOf(event), lastSeq: event.seq, status });
    turnId = undefined;
  }

  /** Ends what is open when the run does. A model call of which nothing was heard before a success was not made. */
  function closeAll(event: RunEvent, status: StepStatus, error?: RunError) {
    if (status === 'done' && modelId !== undefined && steps.get(modelId)?.firstTokenAt === undefined) {
      steps.delete(modelId);
      if (attempts === 1 && turnId) steps.delete(turnId);
    }
    for (const { id, status: before } of steps.values()) {
      if (before !== 'running') continue;
      const isCause = id === 'run' || id === modelId;
      const after = status === 'failed' && !isCause && id !== turnId ? 'stopped' : status;
      change(id, { end: atOf(event), status: after, ...(error && isCause && { error }) });
    }
    modelId = turnId = undefined;
  }

  const note = (event: RunEvent, name: string, more: Partial<Step> = {}) =>
    put({
      id: `note-${event.seq}`,
      parentId: turnId ?? 'run',
      kind: 'note',
      name,
      status: 'done',
      start: atOf(event),
      end: atOf(event),
      firstSeq: event.seq,
      lastSeq: event.seq,
      ...more,
    });

  /** A step of which only the end is reported. The model call that seemed to be open begins after it. */
  function beforeModelCall(event: RunEvent, step: Pick<Step, 'id' | 'kind' | 'name'> & Partial<Step>) {
    const open = modelId === undefined ? undefined : steps.get(modelId);
    const isUnheard = open !== undefined && open.firstTokenAt === undefined;
    put({
      parentId: turnId ?? 'run',
      status: 'done',
      start: isUnheard ? open.start : previousEnd,
      end: atOf(event),
      firstSeq: isUnheard ? open.firstSeq : event.seq,
      lastSeq: event.seq,
      ...step,
    });
    if (isUnheard) change(open.id, { start: atOf(event), firstSeq: event.seq });
  }

  function heard(event: RunEvent) {
    if (modelId === undefined) openModelCall(previousEnd, event.seq);
    const step = steps.get(modelId!)!;
    return { step, changes: { lastSeq: event.seq, firstTokenAt: step.firstTokenAt ?? atOf(event) } };
  }

  /** The results of all tools are known, so the model is called again. */
  function openNextTurn(event: RunEvent) {
    closeTurn(event);
    openModelCall(atOf(event), event.seq);
  }

  const handlers: { [T in RunEvent['type']]?: (event: Extract<RunEvent, { type: T }>) => void } = {
    'run.started': (event) => {
      runId = event.run_id;
      prompt = event.data.thread_tail_message_id;
      const { trace_id: _, ...input } = event.data;
      const known = { start: atOf(event), end: undefined, firstSeq: event.seq, lastSeq: event.seq };
      put({ id: 'run', parentId: undefined, kind: 'run', name: 'Run', status: 'running', input, ...known });
      put({ id: 'queue', parentId: 'run', kind: 'setup', name: 'Queue', status: 'running', ...known });
      newInput = prompt === undefined ? [] : [{ message_id: prompt }];
    },
    'worker.job.received': (event) => {
      if (event.data.attempt > 1) return note(event, `Attempt ${event.data.attempt} of a worker`, { output: event.data });
      change('queue', { end: atOf(event), status: 'done', lastSeq: event.seq });
      const known = { start: atOf(event), end: undefined, firstSeq: event.seq, lastSeq: event.seq };
      put({ id: 'route', parentId: 'run', kind: 'setup', name: 'Choose the model', status: 'running', ...known });
    },
    'run.route.selected': (event) => {
      const { trace_id: _, usage, cost, ...output } = event.data;
      model = output.model;
      change('run', { name: model });
      change('route', { end: atOf(event), status: 'done', lastSeq: event.seq, usage, cost, output });
      openModelCall(atOf(event), event.seq);
    },
    'message.delta': (event) => {
      const { step, changes } = heard(event);
      const { content, channel } = event.data;
      const text =
        channel === 'thinking' ? { reasoning: (step.reasoning ?? '') + content } : { output: ((step.output as string) ?? '') + content };
      change(step.id, { ...changes, ...text });
    },
    'tool.call.delta': (event) => {
      const { step, changes } = heard(event);
      change(step.id, changes);
    },
    'llm.request': (event) => {
      if (modelId === undefined) openModelCall(previousEnd, event.seq);
      change(modelId, { input: event.data.payload, lastSeq: event.seq });
    },
    'llm.turn.completed': (event) => {
      const { usage, cost, assistant_message: message, turn_index } = event.data;
      if (modelId === undefined) openModelCall(previousEnd, event.seq);
      const text = message.content.map((part) => part.text ?? '').join('');
      const output = message.tool_calls ? { text, tool_calls: message.tool_calls } : text;
      closeModelCall(event, { status: 'done', usage, cost, output });
      turns = turn_index;
      newInput = [];
      pendingResults = message.tool_calls?.length ?? 0;
      change(turnId, { name: `Turn ${turn_index}` });
      if (pendingResults === 0) closeTurn(event);
    },
    'run.llm.retry': (event) => {
      const { attempt, delay_ms, usage, cost, error_class, message = error_class, details } = event.data;
      if (modelId === undefined) openModelCall(previousEnd, event.seq);
      const at = atOf(event);
      closeModelCall(event, { status: 'failed', usage, cost, error: { error_class, message, ...(details && { details }) } });
      put({
        id: `retry-${turns + 1}.${attempt}`,
        parentId: turnId,
        kind: 'wait',
        name: 'Wait before retry',
        status: 'done',
        start: at,
        end: at + delay_ms,
        firstSeq: event.seq,
        lastSeq: event.seq,
      });
      openModelCall(at + delay_ms, event.seq);
    },
    'run.recovered': (event) => {
      const { usage, cost } = event.data;
      const error = { error_class: 'worker.lost', message: 'The worker stopped during this call.' };
      if (modelId !== undefined) closeModelCall(event, { end: previousEnd, status: 'failed', usage, cost, error });
      note(event, 'Continued after a crash', { output: event.data });
      if (pendingResults === 0) openModelCall(atOf(event), event.seq);
    },
    'tool.call': (event) => {
      const { tool_call_id, tool_name, arguments: input } = event.data;
      put({
        id: `tool-${tool_call_id}`,
        parentId: turnId ?? 'run',
        kind: 'tool',
        name: tool_name,
        status: 'running',
        start: atOf(event),
        end: undefined,
        firstSeq: event.seq,
        lastSeq: event.seq,
        input,
      });
    },
    'tool.denied': (event) => change(`tool-${event.data.tool_call_id}`, { status: 'denied', lastSeq: event.seq }),
    'tool.result': (event) => {
      const { tool_call_id, tool_name, result, error, usage, cost, duration_ms } = event.data;
      const call = steps.get(`tool-${tool_call_id}`);
      const end = atOf(event);
      const within = [...steps.values()].filter(({ parentId }) => parentId !== undefined && parentId === call?.id);
      change(call?.id, {
        // Tools with side effects run one after another: a call may start later than it was announced, but not after its own steps.
        start: Math.min(Math.max(call?.start ?? end, end - duration_ms), ...within.map(({ start }) => start)),
        end,
        lastSeq: event.seq,
        status: call?.status === 'denied' ? 'denied' : error ? 'failed' : 'done',
        usage,
        cost,
        error,
        output: result,
      });
      newInput.push({ tool_name, ...(result && { result }), ...(error && { error }) });
      pendingResults -= 1;
      if (pendingResults === 0) openNextTurn(event);
    },
    'run.waiting_for_input': (event) => {
      const { request_id, message, requestedSchema, reason, mcp_server, tool_call_id } = event.data;
      const asking = tool_call_id
        ? steps.get(`tool-${tool_call_id}`)
        : [...steps.values()].findLast((step) => step.name === 'ask_user' && step.status === 'running');
      put({
        id: `wait-${request_id}`,
        parentId: asking?.id ?? turnId ?? 'run',
        kind: 'wait',
        name: reason === 'check_in' ? 'Check-in' : mcp_server ? `Question of ${mcp_server.name}` : 'Wait for an answer',
        status: 'running',
        start: atOf(event),
        end: undefined,
        firstSeq: event.seq,
        lastSeq: event.seq,
        ...(message !== undefined && { input: { message, requestedSchema } }),
      });
    },
    'run.input_provided': (event) => {
      const { request_id, content } = event.data;
      if (request_id === undefined) note(event, 'Message of the user', { output: content });
      else change(`wait-${request_id}`, { output: content, lastSeq: event.seq });
    },
    'run.resumed': (event) => {
      const status = event.data.reason === 'input_timeout' ? 'stopped' : 'done';
      const open = modelId === undefined ? undefined : steps.get(modelId);
      change(`wait-${event.data.request_id}`, { end: atOf(event), status, lastSeq: event.seq });
      // A check-in comes before the model call of its turn.
      if (open && open.firstTokenAt === undefined) change(open.id, { start: atOf(event) });
    },
    'run.steering_injected': (event) => void newInput.push({ user: event.data.content }),
    'run.context_compact': (event) => {
      const { trace_id: _, usage, cost, ...output } = event.data;
      const status = output.phase === 'completed' || output.phase === 'no_rewrite' ? 'done' : 'failed';
      beforeModelCall(event, { id: `compact-${event.seq}`, kind: 'setup', name: 'Shorten the prompt', status, usage, cost, output });
    },
    'run.mcp_discovery': (event) => {
      const { trace_id: _, ...output } = event.data;
      const end = atOf(event);
      const status = output.status === 'failed' ? 'failed' : 'done';
      beforeModelCall(event, {
        id: `mcp-${event.seq}`,
        kind: 'setup',
        name: 'Ask the tool servers',
        status,
        start: end - output.duration_ms,
        output,
      });
    },
    'run.provider_fallback': (event) => note(event, 'Other API of the provider', { output: event.data }),
    'security.injection.detected': (event) => note(event, 'Suspicious input', { status: 'failed', output: event.data }),
    'security.tool_injection.detected': (event) => note(event, 'Suspicious tool output', { status: 'failed', output: event.data }),
    'run.cancel_requested': (event) => note(event, 'Stop requested', { output: event.data }),
    'run.completed': (event) => {
      const { usage, cost, assistant_message } = event.data;
      closeAll(event, 'done');
      change('run', { usage, cost, lastSeq: event.seq, output: assistant_message?.content.map((part) => part.text ?? '').join('') });
    },
    'run.failed': (event) => {
      const { usage, cost, error_class, message, details } = event.data;
      closeAll(event, 'failed', { error_class, message, ...(details && { details }) });
      change('run', { usage, cost, lastSeq: event.seq });
    },
    'run.cancelled': (event) => {
      const { usage, cost } = event.data;
      closeAll(event, 'stopped');
      change('run', { usage, cost, lastSeq: event.seq });
    },
  };

  return {
    add(event) {
      (handlers[event.type] as ((event: RunEvent) => void) | undefined)?.(event);
      if (event.type !== 'message.delta' && event.type !== 'tool.call.delta') previousEnd = atOf(event);
    },
    steps: () => [...steps.values()],
    promptMessageId: () => prompt,
  };
}
