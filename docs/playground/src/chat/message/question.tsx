import type { PendingQuestion } from '../../../../../client/react/index.ts';
import { messageOf } from '../../components/states.tsx';
import { Checkbox, TextArea, TextField } from '../../ui/fields.tsx';
import { Form } from '../../ui/form.tsx';
import { Select } from '../../ui/select.tsx';
import { showToast } from '../../ui/toasts.tsx';
import { answerOf, fieldsOf, type FieldSpec, serverAnswerOf } from './questionFields.ts';

type QuestionProps = { question: PendingQuestion; onAnswer: (content: string) => Promise<void>; onDecline: () => Promise<void> };

/** A question of the agent, or of a tool server, as a form. Only that of a server can be declined. */
export function Question({ question, onAnswer, onDecline }: QuestionProps) {
  const { mcp_server: server } = question;
  const fields = fieldsOf(question.requestedSchema);
  const decline = () => void onDecline().catch((error: unknown) => showToast(messageOf(error), { tone: 'danger' }));
  return (
    <section className="question" aria-label={server ? `Question from ${server.name}` : 'Question from the agent'}>
      <Form
        submit={server && fields.length === 0 ? 'Accept' : 'Answer'}
        {...(server && { onCancel: decline, cancel: 'Decline' })}
        onSubmit={(values) => onAnswer(server ? serverAnswerOf(fields, values) : answerOf(fields, values))}
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
              <QuestionField key={field.key} field={field} />
            ))}
            {fields.length === 0 && !server && <TextArea label="Your answer" name="content" required />}
          </>
        )}
      </Form>
    </section>
  );
}

function QuestionField({ field: { key, type, inputType, label, hint, choices, isRequired, preset, constraints } }: { field: FieldSpec }) {
  const texts = { label: isRequired || type === 'boolean' ? label : `${label} (optional)`, hint };
  if (type === 'array')
    return (
      <fieldset className="field">
        <legend>{label}</legend>
        {choices.map(([value, title]) => (
          <Checkbox
            key={value}
            name={key}
            value={value}
            label={title}
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
        required={isRequired}
        defaultValue={preset === undefined ? '' : String(preset)}
        options={[...(isRequired ? [] : [{ value: '', label: 'No answer' }]), ...choices.map(([value, label]) => ({ value, label }))]}
      />
    );
  const isNumber = type === 'number' || type === 'integer';
  return (
    <TextField
      {...texts}
      {...constraints}
      name={key}
      type={isNumber ? 'number' : inputType}
      step={type === 'number' ? 'any' : undefined}
      required={isRequired}
      defaultValue={preset === undefined ? '' : String(preset)}
    />
  );
}
