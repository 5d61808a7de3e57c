import { type PendingQuestion, questionAnswer, type QuestionField, questionFields } from '../../../../../client/index.ts';
import { messageOf } from '../../components/states.tsx';
import { Checkbox, TextArea, TextField } from '../../ui/fields.tsx';
import { Form } from '../../ui/form.tsx';
import { Select } from '../../ui/select.tsx';
import { showToast } from '../../ui/toasts.tsx';

type QuestionProps = { question: PendingQuestion; onAnswer: (content: string) => Promise<void>; onDecline: () => Promise<void> };

/** A question of the agent, or of a tool server, as a form. Only that of a server can be declined. */
export function Question({ question, onAnswer, onDecline }: QuestionProps) {
  const { mcp_server: server } = question;
  const fields = questionFields(question);
  const decline = () => void onDecline().catch((error: unknown) => showToast(messageOf(error), { tone: 'danger' }));
  return (
    <section className="question" aria-label={server ? `Question from ${server.name}` : 'Question from the agent'}>
      <Form
        submit={server && fields.length === 0 ? 'Accept' : 'Answer'}
        {...(server && { onCancel: decline, cancel: 'Decline' })}
        onSubmit={(values) => onAnswer(questionAnswer(question, values))}
      >
        {() => (
          <>
            <p className="asked">{question.message ?? 'The agent is waiting for your answer.'}</p>
            {server && (
              <p className="muted small">
                The tool server <strong>{server.name}</strong> asks this and gets your answer. Do not enter passwords or other secrets.
              </p>
            )}
            {fields.map((field) => (
              <FieldControl key={field.key} field={field} />
            ))}
            {fields.length === 0 && !server && <TextArea label="Your answer" name="content" required />}
          </>
        )}
      </Form>
    </section>
  );
}

function FieldControl({ field: { key, type, inputType, label, hint, choices, required, preset, limits } }: { field: QuestionField }) {
  const texts = { label: required || type === 'boolean' ? label : `${label} (optional)`, hint };
  if (type === 'array')
    return (
      <fieldset className="field">
        <legend>{label}</legend>
        {choices.map(({ value, label: choice }) => (
          <Checkbox
            key={value}
            name={key}
            value={value}
            label={choice}
            defaultChecked={Array.isArray(preset) && preset.map(String).includes(value)}
          />
        ))}
        {hint && <span className="hint">{hint}</span>}
      </fieldset>
    );
  if (type === 'boolean') return <Checkbox name={key} value="true" label={label} hint={hint} defaultChecked={preset === true} />;
  if (choices.length > 0)
    return (
      <Select
        {...texts}
        name={key}
        required={required}
        defaultValue={preset === undefined ? '' : String(preset)}
        options={[...(required ? [] : [{ value: '', label: 'No answer' }]), ...choices]}
      />
    );
  const isNumber = type === 'number' || type === 'integer';
  return (
    <TextField
      {...texts}
      {...limits}
      name={key}
      type={isNumber ? 'number' : inputType}
      step={type === 'number' ? 'any' : undefined}
      required={required}
      defaultValue={preset === undefined ? '' : String(preset)}
    />
  );
}
