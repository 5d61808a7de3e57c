import { useState } from 'react';
import type { GatewayConfigChanges, RateLimitRule } from '../../../../../../client/index.ts';
import { NumberField, numberOf } from '../../../resource/values.tsx';
import { Button, IconButton } from '../../../ui/buttons.tsx';
import { FieldSet, TextField } from '../../../ui/fields.tsx';
import { textOf } from '../../../ui/form.tsx';
import { Select } from '../../../ui/select.tsx';

/** What the fields are named after: the path of a limit in the request. */
const root = 'rate_limit_rules';

const countOptions = [
  { value: 'address', label: 'Each IP address' },
  { value: 'client', label: 'Each user and account', description: 'Each IP address of visitors who are not signed in.' },
  { value: 'api_key', label: 'Each API key' },
] as const;

/** Limits for some of the requests, one group of fields for each. */
export function Limits({ rules }: { rules: readonly RateLimitRule[] }) {
  const [rows, setRows] = useState(() => rules.map((rule, id): { id: number; rule?: RateLimitRule } => ({ id, rule })));
  const [next, setNext] = useState(rules.length);
  const add = () => {
    setRows([...rows, { id: next }]);
    setNext(next + 1);
  };
  return (
    <FieldSet
      label="Limits for some requests"
      name={root}
      hint="For example, to allow fewer sign-ins from one address. The limit for all requests applies as well."
    >
      {rows.map(({ id, rule }, index) => (
        <Limit key={id} rule={rule} index={index} onRemove={() => setRows(rows.filter((row) => row.id !== id))} />
      ))}
      <div>
        <Button icon="add" onClick={add}>
          Add a limit
        </Button>
      </div>
    </FieldSet>
  );
}

type LimitProps = { rule: RateLimitRule | undefined; index: number; onRemove: () => void };

function Limit({ rule, index, onRemove }: LimitProps) {
  const name = (field: keyof RateLimitRule) => `${root}.${index}.${field}`;
  return (
    <section className="limit" aria-label={rule?.name ?? 'New limit'}>
      <IconButton small label={`Remove ${rule?.name ?? 'the new limit'}`} icon="close" onClick={onRemove} />
      <div className="in-a-row">
        <TextField
          label="Name"
          name={name('name')}
          defaultValue={rule?.name}
          placeholder="sign-in"
          hint="Clients see it in the error."
          pattern="[a-z0-9][a-z0-9_\-]{0,39}"
          title="Use lower-case letters, digits, - and _."
          autoFocus={!rule}
          required
        />
        <TextField
          label="Path"
          name={name('path')}
          defaultValue={rule?.path}
          placeholder="/v1/auth/**"
          hint="* stands for one part of the path, ** at the end for all the rest."
          pattern="/.+"
          title="Start with a slash, such as /v1/auth/**, and use ** at the end only."
          spellCheck={false}
          required
        />
        <NumberField label="Requests per minute" name={name('per_minute')} defaultValue={rule?.per_minute} required />
        <NumberField
          label="Burst"
          name={name('capacity')}
          min={1}
          defaultValue={rule?.capacity}
          hint="How many may come at once."
          required
        />
        <Select label="Counts for" name={name('count_by')} defaultValue={rule?.count_by ?? 'address'} options={countOptions} />
        <TextField
          label="Methods (optional)"
          name={name('methods')}
          defaultValue={rule?.methods?.join(', ')}
          placeholder="POST, PUT"
          hint="Leave empty for all methods."
          spellCheck={false}
        />
        <TextField
          label="Plans (optional)"
          name={name('plans')}
          defaultValue={rule?.plans?.join(', ')}
          placeholder="free"
          hint="Limits only accounts with these plans. Leave empty for all plans."
          spellCheck={false}
        />
      </div>
    </section>
  );
}

type Rules = NonNullable<GatewayConfigChanges['rate_limit_rules']>;

/** The limits of the form, in their order. The API checks them. */
export function limitsOf(values: FormData): Rules {
  const rules: Rules = [];
  for (let index = 0; values.has(`${root}.${index}.name`); index++) {
    const name = (field: keyof RateLimitRule) => `${root}.${index}.${field}`;
    const methods = listOf(textOf(values, name('methods')).toUpperCase()) as Rules[number]['methods'];
    const plans = listOf(textOf(values, name('plans')));
    rules.push({
      name: textOf(values, name('name')),
      path: textOf(values, name('path')),
      count_by: textOf(values, name('count_by')) as RateLimitRule['count_by'],
      capacity: numberOf(values, name('capacity')),
      per_minute: numberOf(values, name('per_minute')),
      ...(methods && { methods }),
      ...(plans && { plans }),
    });
  }
  return rules;
}

const listOf = (text: string): string[] | undefined => {
  const names = text.split(/[\s,]+/).filter(Boolean);
  return names.length > 0 ? names : undefined;
};
