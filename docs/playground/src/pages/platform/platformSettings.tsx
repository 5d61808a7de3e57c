import { useQuery } from '@tanstack/react-query';
import type { PlatformSetting, SettingSchema } from '../../../../../client/index.ts';
import { When } from '../../components/format.tsx';
import { Page, Section } from '../../components/page.tsx';
import { Empty, QueryState } from '../../components/states.tsx';
import type { Column } from '../../components/table.tsx';
import { ConfirmDialog, FormDialog, type OpenDialog, useDialog } from '../../resource/dialogs.tsx';
import { ChoiceFilter, FilterBar, SearchFilter, useFilters } from '../../resource/filters.tsx';
import { Rows } from '../../resource/resourceList.tsx';
import type { RowAction } from '../../resource/rowMenu.tsx';
import { client } from '../../session.ts';
import { Badge, Button } from '../../ui/buttons.tsx';
import { Description, Hint, SettingField, settingText, SettingValue, useSettingSchemas } from './settingValues/schema.tsx';

const queryKey = ['platform-settings'];

type Setting = { schema: SettingSchema; stored: PlatformSetting | undefined };

export default function PlatformSettings() {
  const schemas = useSettingSchemas();
  const stored = useQuery({ queryKey, queryFn: () => client.platformSettings.list() });
  const [dialog, open] = useDialog();
  const filters = useFilters('q', 'show');
  const q = filters.text('q')?.toLowerCase() ?? '';
  const show = filters.oneOf('show', ['changed', 'environment']);
  const settings =
    schemas.data &&
    stored.data &&
    schemas.data
      .map((schema): Setting => ({ schema, stored: stored.data.find(({ key }) => key === schema.key) }))
      .filter(
        ({ schema: { key, description, environment }, stored: own }) =>
          isShown(show, own, environment) && `${key} ${description} ${environment?.variable ?? ''}`.toLowerCase().includes(q),
      );
  return (
    <Page
      title="Platform settings"
      intro="Changes apply within seconds. Values that the environment of the server sets are marked with their variable."
    >
      <FilterBar filters={filters}>
        <SearchFilter filters={filters} placeholder="Name or description" />
        <ChoiceFilter filters={filters} label="Show" name="show" options={shows} />
      </FilterBar>
      <QueryState
        query={{ data: settings, error: schemas.error ?? stored.error, refetch: () => Promise.all([schemas.refetch(), stored.refetch()]) }}
        empty={
          <Empty title="No setting matches" action={<Button onClick={filters.clear}>Clear filters</Button>}>
            {show && 'Settings that differ from their defaults appear here.'}
          </Empty>
        }
      >
        {(rows) =>
          Object.entries(Object.groupBy(rows, ({ schema }) => groupOf(schema.key))).map(([group, inGroup = []]) => (
            <Section key={group} title={group}>
              <div className="fixed-columns">
                <Rows
                  caption={group}
                  query={{ ...stored, data: inGroup }}
                  columns={columns}
                  keyOf={({ schema }) => schema.key}
                  actionsOf={(setting) => actionsOf(setting, open)}
                  empty={null}
                />
              </div>
            </Section>
          ))
        }
      </QueryState>
      {dialog}
    </Page>
  );
}

const shows = [
  ['changed', 'Changed'],
  ['environment', 'Environment'],
] as const;

const isShown = (
  show: (typeof shows)[number][0] | undefined,
  stored: PlatformSetting | undefined,
  environment: SettingSchema['environment'],
) => show === undefined || (show === 'changed' ? stored !== undefined : environment !== null);

const actionsOf = (setting: Setting, open: OpenDialog): RowAction[] => [
  { label: 'Change', icon: 'edit', run: () => open((close) => <Change setting={setting} onClose={close} />) },
  setting.stored && {
    label: 'Reset to the default',
    icon: 'retry',
    run: () => open((close) => <Reset setting={setting} onClose={close} />),
  },
];

const Change = ({ setting: { schema, stored }, onClose }: { setting: Setting; onClose: () => void }) => (
  <FormDialog
    title={schema.key}
    submit="Save"
    changes={[queryKey]}
    done="Setting saved"
    onClose={onClose}
    onSubmit={(values) =>
      client.platformSettings.set({ params: { key: schema.key }, body: { value: settingText(schema, values, 'value') } })
    }
  >
    {schema.environment?.takes_precedence && (
      <p className="notice warning">
        <span>
          The environment of the server sets this value with <code>{schema.environment.variable}</code>. What you save here applies once the
          variable is removed.
        </span>
      </p>
    )}
    <SettingField
      schema={schema}
      label="Value"
      name="value"
      initial={schema.sensitive ? undefined : (stored?.value ?? schema.default ?? undefined)}
      hint={<Hint schema={schema} />}
    />
  </FormDialog>
);

const Reset = ({ setting: { schema }, onClose }: { setting: Setting; onClose: () => void }) => (
  <ConfirmDialog
    title={`Reset ${schema.key}?`}
    confirm="Reset"
    changes={[queryKey]}
    done="Setting reset"
    onClose={onClose}
    action={() => client.platformSettings.delete({ params: { key: schema.key } })}
  >
    The default applies again: <SettingValue schema={schema} value={schema.default} />
  </ConfirmDialog>
);

function effectiveValue({ environment, default: preset }: SettingSchema, stored: PlatformSetting | undefined): string | null {
  if (environment?.takes_precedence) return environment.value;
  return stored?.value ?? environment?.value ?? preset;
}

const columns: Column<Setting>[] = [
  {
    title: 'Setting',
    cell: ({ schema: { key, description } }) => (
      <div className="excerpt">
        <code>{key}</code>
        <div className="muted small">
          <Description>{description}</Description>
        </div>
      </div>
    ),
  },
  {
    title: 'Value',
    cell: ({ schema, stored }) => (
      <>
        {schema.sensitive && (stored || schema.environment) ? (
          '••••••'
        ) : (
          <SettingValue schema={schema} value={effectiveValue(schema, stored)} />
        )}
        {schema.environment && (schema.environment.takes_precedence || !stored) && (
          <div className="small address">
            <Badge tone="warning">Environment</Badge> <code>{schema.environment.variable}</code>
          </div>
        )}
        {stored && (
          <div className="small">
            <Badge tone="accent">Changed</Badge> <When at={stored.updated_at} />
            {schema.environment?.takes_precedence && <span className="muted"> (no effect)</span>}
          </div>
        )}
      </>
    ),
  },
];

/** Titles of groups whose prefix does not read well. */
const titles: Record<string, string> = {
  app: 'Application',
  auth: 'Sign-in',
  budget: 'Budgets',
  context: 'Context of models',
  credit: 'Credits',
  credits: 'Credits',
  feature: 'Features',
  invite: 'Invite codes',
  limit: 'Limits',
  llm: 'Model calls',
  quota: 'Quotas',
  turnstile: 'Captcha',
};

/** The first part of a key is its group: `limit.team_members`. */
function groupOf(key: string): string {
  const prefix = key.split('.')[0] ?? key;
  return titles[prefix] ?? `${prefix.charAt(0).toUpperCase()}${prefix.slice(1).replaceAll('_', ' ')}`;
}
