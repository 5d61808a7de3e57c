import type { KeyPermission } from '../../../../../contract/shared/permissions.ts';
import { Scrolling } from '../../components/scrolling.tsx';
import { Checkbox, FieldSet } from '../../ui/fields.tsx';
import { FieldError } from '../../ui/form.tsx';

/** What each permission of an API key opens. The server refuses all others. */
export const keyScopes: Readonly<Record<KeyPermission, string>> = {
  'data.threads.read': 'Read chats',
  'data.threads.write': 'Create and change chats',
  'data.runs.read': 'Read runs and files',
  'data.runs.write': 'Start runs, change files',
  'data.completions.write': 'Chat completions',
  'data.projects.read': 'Read projects',
  'data.projects.manage': 'Manage projects',
  'data.memories.read': 'Read memories',
  'data.memories.write': 'Change memories',
  'data.subscriptions.read': 'Read plan and credits',
  'data.usage.read': 'Read usage of the workspace',
  'data.webhooks.manage': 'Manage webhooks',
  'account.audit_read': 'Read the audit log',
};

type ScopesProps = { names: Readonly<Record<string, string>>; hint?: string };

/** Checkboxes for the permissions of a key, with the names that the API uses. */
export const ScopeFields = ({ names, hint }: ScopesProps) => (
  <FieldSet label="Permissions" name="scopes" hint={hint}>
    <Scrolling className="checks">
      {Object.entries(names).map(([scope, name]) => (
        <Checkbox
          key={scope}
          name="scope"
          value={scope}
          label={
            <>
              {name} <code className="muted">{scope}</code>
            </>
          }
        />
      ))}
    </Scrolling>
  </FieldSet>
);

export function scopesOf(values: FormData): string[] {
  const scopes = values.getAll('scope').map(String);
  if (scopes.length === 0) throw new FieldError('scopes', 'Select at least one permission.');
  return scopes;
}

/** The permissions of a key in a table. */
export const Scopes = ({ scopes, names }: { scopes: readonly string[]; names: Readonly<Record<string, string>> }) => (
  <span title={scopes.join('\n')}>{scopes.length === 1 ? (names[scopes[0]!] ?? scopes[0]) : `${scopes.length} permissions`}</span>
);
