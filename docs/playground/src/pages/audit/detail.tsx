import type { ReactNode } from 'react';
import type { AuditEntry } from '../../../../../client/index.ts';
import { Moment } from '../../components/format.tsx';
import { Section } from '../../components/page.tsx';
import { Facts } from '../../resource/detail.tsx';
import { CopyButton } from '../../ui/buttons.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { actionText, targetText } from './actions.ts';

type AuditDetailProps = { entry: AuditEntry; who: ReactNode; where: ReactNode; onClose: () => void };

/** An audit entry with what it changed. `where` is the account, unless the log shows only one. */
export const AuditDetail = ({ entry, who, where, onClose }: AuditDetailProps) => (
  <Dialog title={actionText(entry.action)} intro={<code>{entry.action}</code>} onClose={onClose} side>
    <div className="form">
      <Facts
        facts={[
          ['When', <Moment key="when" at={entry.created_at} />],
          ['Who', who],
          ...(where === undefined ? [] : ([['Account', where]] as const)),
          ['Object', `${targetText(entry.target_type)} ${entry.target_id ?? ''}`],
          ['Address', entry.ip_address],
          ['Client', entry.user_agent],
          [
            'Trace',
            <span key="trace" className="with-copy">
              <code>{entry.trace_id}</code>
              <CopyButton text={entry.trace_id} label="Copy the trace ID" />
            </span>,
          ],
        ]}
      />
      <Values title="Changed" rows={changesOf(entry)} />
      <Values title="More" rows={Object.entries(entry.metadata).map(([name, value]) => [name, textOf(value)])} />
    </div>
  </Dialog>
);

const Values = ({ title, rows }: { title: string; rows: readonly (readonly [name: string, value: string])[] }) =>
  rows.length > 0 && (
    <Section title={title}>
      <Facts facts={rows} />
    </Section>
  );

/** The fields that differ between the states, as "before → after". */
function changesOf({ before_state: before, after_state: after }: AuditEntry) {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  return names
    .map((name) => [name, textOf(before?.[name]), textOf(after?.[name])] as const)
    .filter(([, from, to]) => from !== to)
    .map(([name, from, to]) => [name, before ? `${from} → ${to}` : to] as const);
}

const textOf = (value: unknown): string =>
  value === undefined || value === null ? '–' : typeof value === 'object' ? JSON.stringify(value) : String(value);
