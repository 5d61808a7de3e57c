import { useLocation } from 'wouter';
import type { Persona } from '../../../../../client/index.ts';
import { Markdown } from '../../chat/message/markdown.tsx';
import { count } from '../../components/format.tsx';
import { client } from '../../session.ts';
import { TextArea } from '../../ui/fields.tsx';
import { Form, textOf } from '../../ui/form.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import type { Draft } from './persona.ts';

type PreviewProps = { draft: Draft; personaKey: string; stored: Persona | undefined };

/** How the persona looks in a picker, the prompt that the model gets, and a first chat. */
export const Preview = ({ draft, personaKey, stored }: PreviewProps) => (
  <aside className="preview" aria-label="Preview">
    <div className="card picker-entry">
      <strong>{draft.display_name || 'New persona'}</strong>
      <span className="muted small">{draft.description || 'No description'}</span>
    </div>
    <Tabs
      label="Preview"
      tabs={[
        { value: 'prompt', label: 'Prompt', content: <Prompt draft={draft} /> },
        { value: 'try', label: 'Try it', content: <Trial personaKey={personaKey} isStored={stored !== undefined} /> },
      ]}
    />
  </aside>
);

/** In the order in which the model gets the parts. */
function Prompt({ draft: { soul_md, prompt_md } }: { draft: Draft }) {
  const text = [soul_md, prompt_md]
    .map((part) => part.trim())
    .filter(Boolean)
    .join('\n\n');
  if (!text) return <p className="muted">The rendered prompt appears here.</p>;
  return (
    <>
      <div className="prompt-preview">
        <Markdown text={text} />
      </div>
      <p className="muted small">
        {count(text.length)} characters, about {count(Math.ceil(text.length / 4))} tokens in every model call.
      </p>
    </>
  );
}

/** Starts a chat with the saved persona. */
function Trial({ personaKey, isStored }: { personaKey: string; isStored: boolean }) {
  const [, navigate] = useLocation();
  if (!isStored) return <p className="muted">Save the persona to chat with it.</p>;
  return (
    <Form
      submit="Start a chat"
      onSubmit={async (values) => {
        const { id: thread_id } = await client.threads.create();
        const params = { thread_id };
        await client.messages.create({ params, body: { content: textOf(values, 'message') } });
        await client.runs.create({ params, body: { persona_id: personaKey } });
        navigate(`/chat/${thread_id}`);
      }}
    >
      <TextArea label="Message" name="message" rows={4} required hint="The last saved version answers." />
    </Form>
  );
}
