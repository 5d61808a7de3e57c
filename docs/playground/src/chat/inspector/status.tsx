import type { RunStatus } from '../../../../../client/index.ts';
import { Badge } from '../../ui/buttons.tsx';
import type { Step, StepKind, StepStatus } from './trace.ts';

const runStates = {
  running: ['accent', 'Running'],
  waiting_for_input: ['accent', 'Waiting for you'],
  cancelling: ['warning', 'Stopping'],
  completed: ['good', 'Completed'],
  failed: ['danger', 'Failed'],
  cancelled: ['warning', 'Stopped'],
} as const satisfies Record<RunStatus, readonly [tone: string, text: string]>;

export function RunBadge({ status }: { status: RunStatus }) {
  const [tone, text] = runStates[status];
  return <Badge tone={tone}>{text}</Badge>;
}

const stepStates = {
  running: ['accent', 'Running'],
  done: ['good', 'Done'],
  failed: ['danger', 'Failed'],
  denied: ['danger', 'Denied'],
  stopped: ['warning', 'Stopped'],
} as const satisfies Record<StepStatus, readonly [tone: string, text: string]>;

export function StepBadge({ status }: { status: StepStatus }) {
  const [tone, text] = stepStates[status];
  return <Badge tone={tone}>{text}</Badge>;
}

export const statusText = (status: StepStatus): string => stepStates[status][1];

export const kindTexts = {
  run: 'Run',
  turn: 'Turn',
  model: 'Model call',
  tool: 'Tool call',
  setup: 'Preparation',
  wait: 'Wait',
  note: 'Note',
} as const satisfies Record<StepKind, string>;

/** Tools of MCP servers are named `mcp__server__tool`. */
export const stepName = ({ kind, name }: Step): string => {
  const [, server, ...tool] = name.split('__');
  return kind === 'tool' && name.startsWith('mcp__') && tool.length > 0 ? `${tool.join('__')} · ${server}` : name;
};
