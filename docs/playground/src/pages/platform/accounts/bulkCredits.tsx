import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { CreditOperation } from '../../../../../../client/index.ts';
import { count } from '../../../components/format.tsx';
import { Facts } from '../../../resource/detail.tsx';
import { useChanged } from '../../../resource/dialogs.tsx';
import { NumberField, numberOf } from '../../../resource/values.tsx';
import { client } from '../../../session.ts';
import { Button } from '../../../ui/buttons.tsx';
import { Dialog } from '../../../ui/dialog.tsx';
import { TextField } from '../../../ui/fields.tsx';
import { Form, textOf } from '../../../ui/form.tsx';

/** Text that must be typed before every balance is set to 0. */
const confirmation = 'reset all';

/** Changes the credits of every account, and shows the progress. */
export function BulkCredits({ reset = false, onClose }: { reset?: boolean; onClose: () => void }) {
  const [started, start] = useState<CreditOperation>();
  const changed = useChanged();
  const title = reset ? 'Reset the credits of all accounts?' : 'Adjust the credits of all accounts';
  return (
    <Dialog title={title} onClose={onClose}>
      {started ? (
        <Progress started={started} onClose={onClose} />
      ) : (
        <Form
          submit={reset ? 'Reset' : 'Adjust'}
          kind={reset ? 'danger' : 'primary'}
          onCancel={onClose}
          onSubmit={async (values) => {
            if (reset && textOf(values, 'typed') !== confirmation) throw new Error(`Type “${confirmation}” to confirm.`);
            const note = textOf(values, 'note') || undefined;
            start(
              await (reset
                ? client.credits.resetAll({ body: { note } })
                : client.credits.bulkAdjust({ body: { amount: numberOf(values, 'amount'), note } })),
            );
            await changed(['accounts']);
          }}
        >
          {reset ? (
            <p>Every balance becomes 0, and active runs stop before their next model call. This cannot be undone.</p>
          ) : (
            <NumberField
              label="Credits for each account"
              name="amount"
              hint="A negative number deducts credits; no balance goes below 0."
              required
            />
          )}
          <TextField label="Note (optional)" name="note" maxLength={500} />
          {reset && <TextField label={`Type “${confirmation}” to confirm`} name="typed" autoComplete="off" required />}
        </Form>
      )}
    </Dialog>
  );
}

function Progress({ started, onClose }: { started: CreditOperation; onClose: () => void }) {
  const operation =
    useQuery({
      queryKey: ['credit-operation', started.id],
      queryFn: () => client.credits.operation({ params: { operation_id: started.id } }),
      initialData: started,
      refetchInterval: ({ state }) => (state.data?.state === 'running' ? 1_000 : false),
    }).data ?? started;
  return (
    <div className="form">
      <progress value={operation.done} max={Math.max(operation.total, 1)} aria-label="Accounts processed" />
      <Facts
        facts={[
          ['Processed', `${count(operation.done)} of ${count(operation.total)} accounts`],
          ['Changed', count(operation.affected)],
          ['Failed', operation.failed > 0 ? `${count(operation.failed)}: the balance would exceed the maximum` : '0'],
        ]}
      />
      <div className="actions">
        <Button kind="primary" onClick={onClose}>
          Done
        </Button>
      </div>
    </div>
  );
}
