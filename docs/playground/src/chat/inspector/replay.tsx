import { useQueryClient } from '@tanstack/react-query';
import { useLocation } from 'wouter';
import type { NewRun } from '../../../../../client/index.ts';
import { arkloopKeys } from '../../../../../client/react/index.ts';
import { useProviders } from '../../providers.ts';
import { client } from '../../session.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { TextArea } from '../../ui/fields.tsx';
import { Form, textOf } from '../../ui/form.tsx';
import { Select } from '../../ui/select.tsx';
import { replaySeq, type Step } from './trace.ts';

type ReplayProps = {
  threadId: string;
  steps: readonly Step[];
  step: Step;
  promptMessageId: string;
  /** Undefined if the message is not loaded: it cannot be changed then. */
  prompt: string | undefined;
  onClose: () => void;
};

/** Starts the agent again from a step, in a copy of the thread. A replay of the whole run can change the message that it answers. */
export function Replay({ threadId, steps, step, promptMessageId, prompt, onClose }: ReplayProps) {
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  const models = (useProviders().data ?? []).flatMap(({ name, models: inside }) =>
    inside.filter(({ show_in_picker }) => show_in_picker).map(({ id, model }) => ({ value: id, label: model, description: name })),
  );
  const after_seq = replaySeq(steps, step);
  const canChange = after_seq === 0 && prompt !== undefined;

  async function startRun(text: string, routeId: string) {
    if (!canChange || text === prompt.trim())
      return client.runs.replay({ params: { run_id: step.runId }, body: { after_seq, ...(routeId && { route_id: routeId }) } });
    const copy = await client.threads.fork({ params: { thread_id: threadId }, body: { message_id: promptMessageId } });
    const message_id = copy.id_mapping.find(({ old_id }) => old_id === promptMessageId)!.new_id;
    const body = { content: text, ...optionsOf(steps[0]!, routeId) };
    const { run_id } = await client.runs.editMessage({ params: { thread_id: copy.id, message_id }, body });
    return { run_id, thread_id: copy.id };
  }
  const replay = async (values: FormData) => {
    const { thread_id, run_id } = await startRun(textOf(values, 'content'), textOf(values, 'route_id'));
    void queries.invalidateQueries({ queryKey: arkloopKeys.threads() });
    onClose();
    navigate(`/chat/${thread_id}?run=${run_id}`);
  };
  return (
    <Dialog title={after_seq === 0 ? 'Replay this run' : 'Replay from here'} intro={introOf(after_seq, step)} onClose={onClose}>
      <Form submit="Replay in a copy" onSubmit={replay} onCancel={onClose}>
        {canChange && <TextArea label="Message" name="content" defaultValue={prompt} rows={5} required />}
        {models.length > 0 && (
          <Select label="Model" name="route_id" defaultValue="" options={[{ value: '', label: 'The same model' }, ...models]} />
        )}
      </Form>
    </Dialog>
  );
}

function introOf(afterSeq: number, { kind }: Step) {
  if (afterSeq === 0) return 'The chat is copied up to your message, and the agent runs again in the copy. This chat stays as it is.';
  const from = kind === 'tool' ? 'after the tools of this turn' : 'with this model call';
  return `The agent continues ${from} in a copy of the chat. What came before is taken from the record: no tool runs again. This chat stays as it is.`;
}

/** The options with which the run was started, with another model if one is chosen. */
function optionsOf(root: Step, routeId: string): NewRun {
  const { persona_id, route_id, model, reasoning_mode } = root.input as NewRun;
  return {
    ...(persona_id && { persona_id }),
    ...(routeId ? { route_id: routeId } : { ...(route_id && { route_id }), ...(model && { model }) }),
    ...(reasoning_mode && { reasoning_mode }),
  };
}
