import type { Erasure } from '../../../../../../client/index.ts';
import { count, When } from '../../../components/format.tsx';
import { Page } from '../../../components/page.tsx';
import { Empty } from '../../../components/states.tsx';
import type { Column } from '../../../components/table.tsx';
import { useAction, useDialog } from '../../../resource/dialogs.tsx';
import { ChoiceFilter, useFilters } from '../../../resource/filters.tsx';
import { List, useList } from '../../../resource/list.tsx';
import type { RowAction } from '../../../resource/rowMenu.tsx';
import { client } from '../../../session.ts';
import { Badge, Button } from '../../../ui/buttons.tsx';
import { downloadProof, isOpenErasure } from '../../erasure/proof.ts';
import { UserName } from '../names.tsx';
import { allErasuresKey, CancelErasure, EraseAccount, EraseUser } from './dialogs.tsx';

const states = { scheduled: 'Scheduled', running: 'Running', completed: 'Completed', cancelled: 'Canceled' } satisfies Record<
  Erasure['state'],
  string
>;
const waits = {
  runs: 'Waits for runs to end',
  requests: 'Waits for requests to end',
  file_store: 'Waits for the object store',
  retry: 'Failed. Trying again soon.',
} satisfies Record<NonNullable<Erasure['waiting_for']>, string>;

const intervalOf = (erasures: readonly Erasure[]) => erasures.some(({ state }) => state === 'running') && 5_000;

/** All erasures, with their progress and proofs. */
export default function AllErasures() {
  const filters = useFilters('state');
  const state = filters.oneOf('state', Object.keys(states) as Erasure['state'][]);
  const erasures = useList([...allErasuresKey, state], (page) => client.adminErasures.list({ query: { state, ...page } }), intervalOf);
  const [dialog, open] = useDialog();
  const act = useAction();
  const actionsOf = (erasure: Erasure): RowAction[] => [
    erasure.state === 'completed' && {
      label: 'Download the proof',
      icon: 'download',
      run: () => void act(() => downloadProof(erasure.id, anyProof), 'Keep the proof: it is valid without this platform'),
    },
    erasure.state === 'scheduled' && {
      label: 'Cancel',
      icon: 'stop',
      isDangerous: true,
      run: () => open((close) => <CancelErasure erasure={erasure} onClose={close} />),
    },
  ];
  const add = (
    <>
      <Button onClick={() => open((close) => <EraseUser onClose={close} />)}>Erase a deleted user</Button>
      <Button onClick={() => open((close) => <EraseAccount onClose={close} />)}>Erase an account</Button>
    </>
  );
  return (
    <Page
      title="Erasures"
      intro="Deletions of all data of an account, each with a proof. After a backup is restored, erase again what was erased since it was made: keep the list of completed erasures for that."
      actions={add}
    >
      <List
        caption="Erasures"
        query={erasures}
        columns={columns}
        keyOf={({ id }) => id}
        nameOf={({ account_slug }) => account_slug}
        actionsOf={actionsOf}
        filters={filters}
        empty={
          <Empty title="No erasures">
            Owners can erase their own workspace. You can erase any account, and the data of any deleted user.
          </Empty>
        }
      >
        <ChoiceFilter filters={filters} label="State" name="state" options={Object.entries(states)} />
      </List>
      {dialog}
    </Page>
  );
}

const anyProof = async (id: string) => (await client.adminErasures.get({ params: { erasure_id: id } })).proof;

const State = ({ erasure: { state, waiting_for: wait } }: { erasure: Erasure }) => (
  <>
    <Badge tone={state === 'completed' ? 'good' : state === 'running' ? 'accent' : ''}>{states[state]}</Badge>
    {wait && <div className="muted small">{waits[wait]}</div>}
  </>
);

const columns: Column<Erasure>[] = [
  {
    title: 'Account',
    cell: ({ account_slug, user_id, reference }) => (
      <>
        <code>{account_slug}</code> {user_id !== null && <Badge>user</Badge>}
        {reference && <div className="muted small">{reference}</div>}
      </>
    ),
  },
  { title: 'State', cell: (erasure) => <State erasure={erasure} /> },
  {
    title: 'Deleted',
    cell: (erasure) =>
      erasure.started_at === null ? '–' : `${count(erasure.progress.rows_deleted)} rows, ${count(erasure.progress.files_deleted)} files`,
  },
  {
    title: 'Due or ended',
    cell: (erasure) =>
      isOpenErasure(erasure) ? <When at={erasure.due_at} /> : <When at={erasure.finished_at ?? erasure.cancelled_at ?? erasure.due_at} />,
  },
  { title: 'Requested by', cell: ({ requested_by_user_id: id }) => <UserName id={id} /> },
];
