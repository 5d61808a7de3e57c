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
import type { Step } from './trace.ts';

type ReplayProps = {
  threadId: string;
  /** The run, for its options. */
  root: Step;
  step: Step;
  promptMessageId: string;
  /** Undefined if the message is not loaded: it cannot be changed then. */
  prompt: string | undefined;
  onClose: () => void;
};

/**
 * Runs the agent again in a copy of the thread that ends with the message of the run. The API has no copy that ends in the middle of a run, so the
 * steps before the chosen one are repeated too.
 */
export function Replay({ threadId, root, step, promptMessageId, prompt, onClose }: ReplayProps) {
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  const models = (useProviders().data ?? []).flatMap(({ name, models: inside }) =>
    inside.filter(({ show_in_picker }) => show_in_picker).map(({ id, model }) => ({ value: id, label: model, description: name })),
  );
  const replay = async (values: FormData) => {
    const text = textOf(values, 'content');
    const copy = await client.threads.fork({ params: { thread_id: threadId }, body: { message_id: promptMessageId } });
    const body = optionsOf(root, textOf(values, 'route_id'));
    const message = copy.id_mapping.find(({ old_id }) => old_id === promptMessageId)!.new_id;
    const isChanged = prompt !== undefined && text !== prompt.trim();
    const { run_id } = isChanged
      ? await client.runs.editMessage({ params: { thread_id: copy.id, message_id: message }, body: { content: text, ...body } })
      : await client.runs.create({ params: { thread_id: copy.id }, body });
    void queries.invalidateQueries({ queryKey: arkloopKeys.threads() });
    onClose();
    navigate(`/chat/${copy.id}?run=${run_id}`);
  };
  return (
    <Dialog
      title="Replay this run"
      intro="The chat is copied up to your message, and the agent runs again in the copy. This chat stays as it is."
      onClose={onClose}
    >
      <Form submit="Replay in a copy" onSubmit={replay} onCancel={onClose}>
        {prompt !== undefined && <TextArea label="Message" name="content" defaultValue={prompt} rows={5} required />}
        {models.length > 0 && (
          <Select label="Model" name="route_id" defaultValue="" options={[{ value: '', label: 'The same model' }, ...models]} />
        )}
        {step.kind !== 'run' && step.id !== 'turn-1' && step.id !== 'model-1' && (
          <p className="muted small">
            A run can only start at a message: the steps before this one are repeated too, and tools are called again.
          </p>
        )}
      </Form>
    </Dialog>
  );
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
