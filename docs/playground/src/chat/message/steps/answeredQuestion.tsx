import type { ToolCallPart } from '../../../../../../client/react/index.ts';
import { Icon } from '../../../ui/icons.tsx';

type Field = {
  key: string;
  type?: string;
  title?: string;
  enum?: unknown[];
  enumNames?: string[];
  oneOf?: { const: unknown; title: string }[];
};

/** A question of the agent and the answer of the user, in words. */
export function AnsweredQuestion({ call: { arguments: args, result } }: { call: ToolCallPart }) {
  const fields = Array.isArray(args?.fields) ? (args.fields as Field[]).filter((each) => typeof each?.key === 'string') : [];
  const answers = answersOf(fields, result?.user_response);
  return (
    <figure className="asked-before" aria-label="Answered question">
      <p>
        <Icon name="message" />
        {typeof args?.message === 'string' ? args.message : 'A question'}
      </p>
      {answers.length === 1 && fields.length <= 1 ? (
        <p className="given">{answers[0]![1]}</p>
      ) : (
        <dl>
          {answers.map(([label, text]) => (
            <div key={label}>
              <dt>{label}</dt>
              <dd>{text}</dd>
            </div>
          ))}
        </dl>
      )}
    </figure>
  );
}

/** Labels and texts of the answers that were given. An answer that is no object is one text. */
function answersOf(fields: readonly Field[], response: unknown): [label: string, text: string][] {
  if (typeof response !== 'object' || response === null) return response === undefined ? [] : [['Answer', String(response)]];
  const given = Object.entries(response).filter(([, value]) => value !== undefined && value !== null && value !== '');
  const order = fields.map(({ key }) => key);
  return given
    .toSorted(([a], [b]) => order.indexOf(a) - order.indexOf(b))
    .map(([key, value]) => {
      const field = fields.find((each) => each.key === key);
      return [field?.title ?? key, wordsOf(field, value)];
    });
}

function wordsOf(field: Field | undefined, value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map((each) => wordsOf(field, each)).join(', ');
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'object') return JSON.stringify(value);
  const named = field?.oneOf?.find((each) => String(each.const) === String(value))?.title;
  const at = field?.enum?.findIndex((each) => String(each) === String(value)) ?? -1;
  return named ?? field?.enumNames?.[at] ?? String(value);
}
