import type { Schedule } from '../../../../../client/index.ts';
import { When } from '../../components/format.tsx';
import { Page } from '../../components/page.tsx';
import { Empty } from '../../components/states.tsx';
import type { Column } from '../../components/table.tsx';
import { zoneName } from '../../components/timeZone.ts';
import { useMay } from '../../me.ts';
import { ConfirmDialog, useAction, useDialog } from '../../resource/dialogs.tsx';
import { List, useList } from '../../resource/list.tsx';
import { turnAction } from '../../resource/rowMenu.tsx';
import { client } from '../../session.ts';
import { Badge, Button, OnOff } from '../../ui/buttons.tsx';
import { History } from './history.tsx';
import { ScheduleForm } from './scheduleForm.tsx';
import { patternName, timeIn } from './times.ts';

const schedulesKey = ['schedules'];

/** The schedules of the user: what starts runs by itself. */
export default function Schedules() {
  const schedules = useList(schedulesKey, (page) => client.schedules.list({ query: page }));
  const mayChange = useMay('data.runs.write', 'data.threads.write');
  const [dialog, open] = useDialog();
  const run = useAction();
  const add = mayChange && (
    <Button kind="primary" icon="add" onClick={() => open((close) => <ScheduleForm onClose={close} />)}>
      New schedule
    </Button>
  );
  const start = (schedule: Schedule) =>
    run(() => client.schedules.runNow({ params: { schedule_id: schedule.id } }), 'Run started', schedulesKey);
  const turn = ({ id, status }: Schedule) => {
    const params = { schedule_id: id };
    return status === 'active'
      ? run(() => client.schedules.pause({ params }), 'Schedule is off', schedulesKey)
      : run(() => client.schedules.resume({ params }), 'Schedule is on', schedulesKey);
  };
  return (
    <Page title="Schedules" intro="Runs that start by themselves, at regular times or once. They use your credits." actions={add}>
      <List
        query={schedules}
        caption="Schedules"
        columns={columns}
        keyOf={({ id }) => id}
        nameOf={({ name }) => name}
        empty={
          <Empty title="No schedules yet" action={add}>
            Let an agent write a report every morning, or remind you of something next week.
          </Empty>
        }
        actionsOf={(schedule) => [
          { label: 'History', icon: 'list', run: () => open((close) => <History schedule={schedule} onClose={close} />) },
          mayChange && { label: 'Run now', icon: 'send', run: () => start(schedule) },
          mayChange && schedule.status !== 'completed' && turnAction(schedule.status === 'active', () => turn(schedule)),
          mayChange && { label: 'Edit', icon: 'edit', run: () => open((close) => <ScheduleForm schedule={schedule} onClose={close} />) },
          mayChange && {
            label: 'Delete',
            icon: 'remove',
            isDangerous: true,
            run: () => open((close) => <Deletion schedule={schedule} onClose={close} />),
          },
        ]}
      />
      {dialog}
    </Page>
  );
}

const disabledBecause = {
  consecutive_failures: 'Off: too many failures',
  thread_not_found: 'Off: its chat was deleted',
  access_ended: 'Off: access has ended',
  plan_limit: 'Off: too often for the plan',
} as const;

function State({ schedule: { status, disabled_reason: reason } }: { schedule: Schedule }) {
  if (status === 'active') return <OnOff isOn />;
  if (status === 'paused') return <OnOff isOn={false} />;
  if (status === 'completed') return <Badge>Done</Badge>;
  return <Badge tone="danger">{disabledBecause[reason ?? 'consecutive_failures']}</Badge>;
}

const columns: Column<Schedule>[] = [
  {
    title: 'Name',
    cell: ({ name, input }) => (
      <>
        {name}
        <div className="muted small">{input.length > 80 ? `${input.slice(0, 80).toWellFormed()}…` : input}</div>
      </>
    ),
  },
  {
    title: 'Times',
    cell: ({ cron, run_at, timezone }) => (
      <>
        {cron === null ? timeIn(run_at!, timezone) : (patternName(cron) ?? <code>{cron}</code>)}
        <div className="muted small">{zoneName(timezone)}</div>
      </>
    ),
  },
  { title: 'State', cell: (schedule) => <State schedule={schedule} /> },
  {
    title: 'Next',
    cell: ({ next_run_at: next, timezone }) =>
      next ? (
        <>
          <When at={next} />
          <div className="muted small">{timeIn(next, timezone)}</div>
        </>
      ) : (
        <span className="muted">–</span>
      ),
  },
];

const Deletion = ({ schedule: { id, name }, onClose }: { schedule: Schedule; onClose: () => void }) => (
  <ConfirmDialog
    title={`Delete “${name}”?`}
    confirm="Delete"
    done="Schedule deleted"
    changes={[schedulesKey]}
    onClose={onClose}
    action={() => client.schedules.delete({ params: { schedule_id: id } })}
  >
    It starts nothing any more, and its history is deleted. Its chats are kept.
  </ConfirmDialog>
);
