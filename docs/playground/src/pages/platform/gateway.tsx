import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { GatewayConfig, GatewayConfigChanges } from '../../../../../client/index.ts';
import { Page } from '../../components/page.tsx';
import { QueryState } from '../../components/states.tsx';
import { NumberField, numberOf } from '../../resource/values.tsx';
import { client } from '../../session.ts';
import { Checkbox, TextArea } from '../../ui/fields.tsx';
import { FieldError, Form, textOf } from '../../ui/form.tsx';
import { Select } from '../../ui/select.tsx';
import { showToast } from '../../ui/toasts.tsx';

const queryKey = ['gateway-config'];

export default function Gateway() {
  const config = useQuery({ queryKey, queryFn: () => client.gatewayConfig.get() });
  return (
    <Page
      title="Gateway"
      intro="How the gateway finds out the address of a client, how many requests it lets through, and maintenance. Changes apply within seconds."
    >
      <QueryState query={config}>
        {(data) => (
          <div className="card">
            <Config config={data} />
          </div>
        )}
      </QueryState>
    </Page>
  );
}

const Config = ({ config }: { config: GatewayConfig }) => {
  const queries = useQueryClient();
  return (
    <Form
      submit="Save"
      onSubmit={async (values) => {
        const saved = await client.gatewayConfig.set({
          body: {
            ip_mode: textOf(values, 'ip_mode') as GatewayConfigChanges['ip_mode'],
            trusted_cidrs: networksOf(values, 'trusted_cidrs'),
            risk_reject_threshold: numberOf(values, 'risk_reject_threshold'),
            rate_limit_capacity: numberOf(values, 'rate_limit_capacity'),
            rate_limit_per_minute: numberOf(values, 'rate_limit_per_minute'),
            rate_limit_rules: rulesOf(values),
            maintenance: values.has('maintenance'),
            maintenance_retry_after_seconds: numberOf(values, 'maintenance_retry_after_seconds'),
            maintenance_allowed_cidrs: networksOf(values, 'maintenance_allowed_cidrs'),
          },
        });
        queries.setQueryData(queryKey, saved);
        showToast('Saved');
      }}
    >
      <Select
        label="Client address"
        name="ip_mode"
        defaultValue={config.ip_mode}
        hint="Behind a proxy or a CDN, the address of the connection is not that of the client."
        options={[
          { value: 'direct', label: 'From the connection' },
          { value: 'proxy', label: 'From X-Forwarded-For of a proxy' },
          { value: 'cdn', label: 'From the header of a CDN' },
        ]}
      />
      <TextArea
        label="Trusted proxies"
        name="trusted_cidrs"
        rows={4}
        placeholder={'10.0.0.0/8\n2001:db8::/32'}
        defaultValue={config.trusted_cidrs.join('\n')}
        hint="Networks whose headers are believed, one per line."
      />
      <div className="in-a-row">
        <NumberField
          label="Requests per minute"
          name="rate_limit_per_minute"
          defaultValue={config.rate_limit_per_minute}
          hint="For each client."
          required
        />
        <NumberField
          label="Burst"
          name="rate_limit_capacity"
          defaultValue={config.rate_limit_capacity}
          hint="Requests at once, for each client."
          required
        />
        <NumberField
          label="Rejected from risk"
          name="risk_reject_threshold"
          min={0}
          max={1}
          defaultValue={config.risk_reject_threshold}
          hint="From 0 to 1. 0 rejects no request."
          required
        />
      </div>
      <TextArea
        label="Further limits"
        name="rate_limit_rules"
        rows={config.rate_limit_rules.length > 0 ? 12 : 4}
        spellCheck={false}
        placeholder={exampleRules}
        defaultValue={config.rate_limit_rules.length > 0 ? JSON.stringify(config.rate_limit_rules, null, 2) : ''}
        hint="A JSON array of limits for some of the requests, by path, method, plan, API key or address."
      />
      <h2>Maintenance</h2>
      <Checkbox
        label="Reject requests for maintenance"
        name="maintenance"
        defaultChecked={config.maintenance}
        hint="All but those of platform admins and of the networks below. What is in progress ends by itself."
      />
      <NumberField
        label="Try again after"
        name="maintenance_retry_after_seconds"
        min={1}
        max={86_400}
        defaultValue={config.maintenance_retry_after_seconds}
        hint="Seconds that clients are told to wait."
        required
      />
      <TextArea
        label="Allowed networks"
        name="maintenance_allowed_cidrs"
        rows={3}
        placeholder={'203.0.113.7/32\n2001:db8::/32'}
        defaultValue={config.maintenance_allowed_cidrs.join('\n')}
        hint="Networks that are served during maintenance, one per line. An admin who has to sign in needs one."
      />
    </Form>
  );
};

const exampleRules = `[
  { "name": "login", "path": "/v1/auth/**", "methods": ["POST"], "count_by": "address", "capacity": 20, "per_minute": 10 }
]`;

const networksOf = (values: FormData, name: string) =>
  textOf(values, name)
    .split(/[\s,]+/)
    .filter(Boolean);

/** The API checks the rules themselves. */
function rulesOf(values: FormData): GatewayConfigChanges['rate_limit_rules'] {
  const text = textOf(values, 'rate_limit_rules').trim();
  if (text === '') return [];
  try {
    return JSON.parse(text) as GatewayConfigChanges['rate_limit_rules'];
  } catch {
    throw new FieldError('rate_limit_rules', 'Enter a JSON array.');
  }
}
