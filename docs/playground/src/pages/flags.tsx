import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { FeatureFlag } from '../../../../client/index.ts';
import { Page } from '../components/page.tsx';
import { More, rowsOf, usePages } from '../components/paging.tsx';
import { Empty, ErrorNotice, QueryState } from '../components/states.tsx';
import { client } from '../session.ts';
import { Badge, Button } from '../ui/buttons.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Checkbox, Switch, TextField } from '../ui/fields.tsx';
import { Form, textOf } from '../ui/form.tsx';
import { showToast } from '../ui/toasts.tsx';

const key = ['feature-flags'];

/** Feature flags and their account overrides. */
export default function Flags() {
  const flags = useQuery({ queryKey: key, queryFn: () => client.featureFlags.list() });
  return (
    <Page title="Feature flags" intro="A change applies immediately to every account without an override.">
      <QueryState query={flags} empty={<Empty title="No flags" />}>
        {(rows) => (
          <ul className="cards">
            {rows.map((flag) => (
              <Flag key={flag.id} flag={flag} />
            ))}
          </ul>
        )}
      </QueryState>
    </Page>
  );
}

function Flag({ flag }: { flag: FeatureFlag }) {
  const queries = useQueryClient();
  const [overrides, showOverrides] = useState(false);
  const change = useMutation({
    mutationFn: (default_value: boolean) => client.featureFlags.update({ params: { key: flag.key }, body: { default_value } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: key }),
  });
  return (
    <li className="card">
      <Switch
        label={<code>{flag.key}</code>}
        hint={flag.description}
        checked={change.isPending ? change.variables : flag.default_value}
        disabled={change.isPending}
        onChange={({ currentTarget }) => change.mutate(currentTarget.checked)}
      />
      {flag.supports_account_overrides && (
        <Button kind="ghost" onClick={() => showOverrides(true)} aria-label={`Account overrides of ${flag.key}`}>
          Account overrides
        </Button>
      )}
      {change.error && <ErrorNotice error={change.error} />}
      {overrides && <Overrides flag={flag} onClose={() => showOverrides(false)} />}
    </li>
  );
}

function Overrides({ flag, onClose }: { flag: FeatureFlag; onClose: () => void }) {
  const queries = useQueryClient();
  const params = { key: flag.key };
  const overridesKey = [...key, flag.key];
  const overrides = usePages(overridesKey, (before) => client.featureFlags.listOverrides({ params, query: { before } }));
  const changed = () => queries.invalidateQueries({ queryKey: overridesKey });
  const remove = useMutation({
    mutationFn: (account_id: string) => client.featureFlags.deleteOverride({ params: { ...params, account_id } }),
    onSuccess: changed,
  });
  return (
    <Dialog title={flag.key} onClose={onClose} side>
      <QueryState query={{ ...overrides, data: rowsOf(overrides.data) }} empty={<Empty title="No account overrides" />}>
        {(rows) => (
          <ul className="models">
            {rows.map(({ account_id, enabled }) => (
              <li key={account_id}>
                <span className="name">
                  <code>{account_id}</code> <Badge tone={enabled ? 'good' : ''}>{enabled ? 'on' : 'off'}</Badge>
                </span>
                <Button
                  kind="ghost"
                  busy={remove.isPending && remove.variables === account_id}
                  onClick={() => remove.mutate(account_id)}
                  aria-label={`Remove the override of ${account_id}`}
                >
                  Remove
                </Button>
              </li>
            ))}
          </ul>
        )}
      </QueryState>
      <More query={overrides} />
      {remove.error && <ErrorNotice error={remove.error} />}
      <Form
        submit="Set"
        onSubmit={async (values) => {
          const body = { account_id: textOf(values, 'account_id'), enabled: values.has('enabled') };
          await client.featureFlags.setOverride({ params, body });
          await changed();
          showToast('Set');
        }}
      >
        <TextField label="Account" name="account_id" placeholder="Account ID" required />
        <Checkbox name="enabled" label="Enabled for this account" defaultChecked={!flag.default_value} />
      </Form>
    </Dialog>
  );
}
