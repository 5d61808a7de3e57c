import type { PendingQuestion } from '../../../../../client/react/index.ts';
import { Check, Form, Select, TextArea, TextField } from '../../components/forms/fields.tsx';
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
          <Check
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
  if (type === 'boolean') return <Check name={key} value="true" label={label} hint={hint} defaultChecked={preset === true} />;
  if (choices.length > 0)
    return (
      <Select {...texts} name={key} required={isRequired} defaultValue={preset === undefined ? '' : String(preset)}>
        <option value="" disabled={isRequired}>
          Choose…
        </option>
        {choices.map(([value, title]) => (
          <option key={value} value={value}>
            {title}
          </option>
        ))}
      </Select>
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
