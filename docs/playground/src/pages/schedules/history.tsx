import { Link } from 'wouter';
import type { Schedule, ScheduleOccurrence } from '../../../../../client/index.ts';
import { When } from '../../components/format.tsx';
import { Empty } from '../../components/states.tsx';
import type { Column } from '../../components/table.tsx';
import { List, useList } from '../../resource/list.tsx';
import { client } from '../../session.ts';
import { Badge } from '../../ui/buttons.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { timeIn } from './times.ts';

/** What became of the times of a schedule, with links to the chats. */
export function History({ schedule, onClose }: { schedule: Schedule; onClose: () => void }) {
  const occurrences = useList(
    ['schedules', schedule.id, 'occurrences'],
    (page) => client.schedules.occurrences({ params: { schedule_id: schedule.id }, query: page }),
    // Follows runs until they end.
    (rows) => (rows.some(isOpen) ? 3_000 : false),
  );
  const columns: Column<ScheduleOccurrence>[] = [
    {
      title: 'Time',
      cell: ({ scheduled_for: at, trigger }) => (
        <>
          {timeIn(at, schedule.timezone)}
          <div className="muted small">{trigger === 'manual' ? 'started by hand' : <When at={at} />}</div>
        </>
      ),
    },
    { title: 'Result', cell: (occurrence) => <Result occurrence={occurrence} /> },
    { title: 'Chat', cell: ({ thread_id: id }) => (id ? <Link href={`/chat/${id}`}>Open</Link> : <span className="muted">–</span>) },
  ];
  return (
    <Dialog title="History" intro={schedule.name} onClose={onClose} side>
      <List
        query={occurrences}
        caption="History"
        columns={columns}
        keyOf={({ id }) => id}
        empty={<Empty title="Nothing yet">Runs appear here. The history is kept for 90 days.</Empty>}
      />
    </Dialog>
  );
}

const isOpen = ({ status, run_status: run }: ScheduleOccurrence) =>
  status === 'waiting' || run === 'running' || run === 'waiting_for_input' || run === 'cancelling';

const skipped = {
  missed: 'Skipped: missed',
  overlap: 'Skipped: the previous run went on',
  paused: 'Skipped: the schedule was off',
} as const;
const runs = {
  running: ['Running', 'accent'],
  waiting_for_input: ['Waits for input', 'warning'],
  cancelling: ['Canceling', 'warning'],
  completed: ['Completed', 'good'],
  failed: ['Failed', 'danger'],
  cancelled: ['Canceled', ''],
} as const;

function Result({
  occurrence: { status, skip_reason: reason, run_status: run, error_message: message },
}: {
  occurrence: ScheduleOccurrence;
}) {
  if (status === 'waiting') return <Badge tone="accent">Waiting</Badge>;
  if (status === 'skipped') return <Badge>{skipped[reason ?? 'missed']}</Badge>;
  if (status === 'started') return run ? <Badge tone={runs[run][1]}>{runs[run][0]}</Badge> : <Badge>Deleted</Badge>;
  return (
    <>
      <Badge tone="danger">Not started</Badge>
      <div className="muted small">{message}</div>
    </>
  );
}
