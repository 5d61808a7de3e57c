import { useState } from 'react';
import type { Account } from '../../../../../client/index.ts';
import { When } from '../../components/format.tsx';
import { Section } from '../../components/page.tsx';
import { useChanged } from '../../resource/dialogs.tsx';
import { instantOf, TimeField } from '../../resource/values.tsx';
import { client } from '../../session.ts';
import { Form } from '../../ui/form.tsx';
import { Select } from '../../ui/select.tsx';
import { showToast } from '../../ui/toasts.tsx';
import { accountKey } from './account.ts';

type Choice = 'off' | 'now' | 'later';

/** Whether members need a second factor, and from when. */
export function RequiredSecondFactor({ account: { id, second_factor_required_from: from } }: { account: Account }) {
  const changed = useChanged();
  const [now, setNow] = useState(() => Date.now());
  const isLater = from !== null && Date.parse(from) > now;
  const [choice, choose] = useState<Choice>(from === null ? 'off' : isLater ? 'later' : 'now');
  const wanted = (values: FormData) => {
    if (choice === 'off') return null;
    // A date that has come stays, as the time since when it is required.
    if (choice === 'now') return from !== null && !isLater ? from : new Date().toISOString();
    return instantOf(values, 'from');
  };
  return (
    <Section title="Second factor of members">
      <p className="muted">
        Members without one are asked to set it up before they can go on. API keys keep working.
        {from !== null && (
          <>
            {' '}
            {isLater ? 'Required from' : 'Required since'} <When at={from} />.
          </>
        )}
      </p>
      <div className="card">
        <Form
          submit="Save"
          onSubmit={async (values) => {
            await client.accounts.update({ params: { account_id: id }, body: { second_factor_required_from: wanted(values) } });
            // What was just required is not later.
            setNow(Date.now());
            await changed(accountKey, ['me']);
            showToast('Saved');
          }}
        >
          <Select
            label="Members need a second factor"
            value={choice}
            onChange={(value) => choose(value as Choice)}
            options={[
              { value: 'off', label: 'No' },
              { value: 'now', label: 'Yes, now' },
              { value: 'later', label: 'From a date on', description: 'Gives members time to set one up.' },
            ]}
          />
          {choice === 'later' && <TimeField label="From" name="from" initial={isLater ? from : null} required />}
        </Form>
      </div>
    </Section>
  );
}
