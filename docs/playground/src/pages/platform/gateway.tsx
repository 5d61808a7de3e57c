import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { GatewayConfig, GatewayConfigChanges } from '../../../../../client/index.ts';
import { Page } from '../../components/page.tsx';
import { QueryState } from '../../components/states.tsx';
import { NumberField, numberOf } from '../../resource/values.tsx';
import { client } from '../../session.ts';
import { Checkbox, TextArea } from '../../ui/fields.tsx';
import { Form, textOf } from '../../ui/form.tsx';
import { Select } from '../../ui/select.tsx';
import { showToast } from '../../ui/toasts.tsx';
import { Limits, limitsOf } from './gateway/limits.tsx';

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
            rate_limit_rules: limitsOf(values),
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
        hint="Behind a proxy or a CDN, choose where the address of the client is sent."
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
        hint="One network per line. Only headers from these networks are trusted."
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
          hint="How many each client may send at once."
          required
        />
        <NumberField
          label="Risk score to reject"
          name="risk_reject_threshold"
          min={0}
          max={1}
          defaultValue={config.risk_reject_threshold}
          hint="From 0 to 1. Anonymous requests from programs score higher. With 0, none are rejected."
          required
        />
      </div>
      <Limits rules={config.rate_limit_rules} />
      <h3>Maintenance</h3>
      <Checkbox
        label="Reject requests for maintenance"
        name="maintenance"
        defaultChecked={config.maintenance}
        hint="Platform admins and the networks below can still send requests. Requests in progress can finish."
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
        hint="One network per line. They keep access during maintenance. Admins need this to be able to sign in."
      />
    </Form>
  );
};

const networksOf = (values: FormData, name: string) =>
  textOf(values, name)
    .split(/[\s,]+/)
    .filter(Boolean);
