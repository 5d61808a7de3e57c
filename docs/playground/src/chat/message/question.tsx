import type { PendingQuestion } from '../../../../../client/react/index.ts';
import { Checkbox, TextArea, TextField } from '../../ui/fields.tsx';
import { Form } from '../../ui/form.tsx';
import { Select } from '../../ui/select.tsx';
import { answerOf, fieldsOf, type FieldSpec } from './questionFields.ts';

type QuestionProps = { question: PendingQuestion; onAnswer: (content: string) => Promise<void> };

/** A question of the agent as a form. */
export function Question({ question, onAnswer }: QuestionProps) {
  const fields = fieldsOf(question.requestedSchema);
  return (
    <section className="question" aria-label="Question from the agent">
      <Form submit="Answer" onSubmit={(values) => onAnswer(answerOf(fields, values))}>
        {() => (
          <>
            <p className="asked">{question.message ?? 'The agent is waiting for your answer.'}</p>
            {fields.map((field) => (
              <QuestionField key={field.key} field={field} />
            ))}
            {fields.length === 0 && <TextArea label="Your answer" name="content" required />}
          </>
        )}
      </Form>
    </section>
  );
}

function QuestionField({ field: { key, type, label, hint, choices, isRequired, preset, constraints } }: { field: FieldSpec }) {
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
      type={isNumber ? 'number' : 'text'}
      step={type === 'number' ? 'any' : undefined}
      required={isRequired}
      defaultValue={preset === undefined ? '' : String(preset)}
    />
  );
}
