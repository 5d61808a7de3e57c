import { useQuery } from '@tanstack/react-query';
import type { Account, Erasure } from '../../../../../client/index.ts';
import { asWords, count, When } from '../../components/format.tsx';
import { Section } from '../../components/page.tsx';
import { ConfirmDialog, FormDialog, useAction, useDialog } from '../../resource/dialogs.tsx';
import { client } from '../../session.ts';
import { Badge, Button } from '../../ui/buttons.tsx';
import { TextField } from '../../ui/fields.tsx';
import { textOf } from '../../ui/form.tsx';
import { downloadProof, isOpenErasure as isOpen } from '../erasure/proof.ts';
import { CurrentPassword, currentPasswordOf } from '../security/currentPassword.tsx';

const erasuresKey = ['erasures'];
const slowly = 5_000;

/** The erasures that the user has requested. Loaded again while one is due. */
const useErasures = () =>
  useQuery({
    queryKey: erasuresKey,
    queryFn: () => client.erasures.mine({ query: { limit: 20 } }),
    structuralSharing: false,
    refetchInterval: ({ state: { data } }) => (data?.some(isOpen) ? slowly : false),
  });

/** Requests the erasure of a workspace, or shows the one that is scheduled. */
export function EraseWorkspace({ account }: { account: Account }) {
  const open = useErasures().data?.find((each) => isOpen(each) && each.account_id === account.id);
  const [dialog, show] = useDialog();
  return (
    <Section title="Erase the workspace">
      <p className="muted">
        {open ? (
          <>
            It will be closed on <When at={open.due_at} />, and then its data is deleted.
          </>
        ) : (
          'Closes the workspace after a grace period and deletes its data. You get a proof. Only its owner can do this.'
        )}
      </p>
      <div>
        {open ? (
          <Button onClick={() => show((close) => <Cancellation account={account} onClose={close} />)}>Keep the workspace</Button>
        ) : (
          <Button kind="danger" onClick={() => show((close) => <Request account={account} onClose={close} />)}>
            Erase the workspace
          </Button>
        )}
      </div>
      {dialog}
    </Section>
  );
}

const Request = ({ account, onClose }: { account: Account; onClose: () => void }) => (
  <FormDialog
    title={`Erase ${account.name}?`}
    submit="Schedule the erasure"
    kind="danger"
    done="Scheduled"
    fieldOf={{ invalid_credentials: 'current_password', slug_mismatch: 'slug' }}
    changes={[erasuresKey]}
    onClose={onClose}
    onSubmit={(values) =>
      client.erasures.request({
        params: { account_id: account.id },
        body: {
          slug: textOf(values, 'slug'),
          current_password: currentPasswordOf(values),
          reference: textOf(values, 'reference') || null,
        },
      })
    }
  >
    <p>All members are told. The ledger and usage are kept without content. Backups have the data until they expire.</p>
    <TextField label={`Type ${account.slug} to confirm`} name="slug" required />
    <TextField label="Case number" name="reference" maxLength={200} hint="It becomes part of the proof. Optional." />
    <CurrentPassword />
  </FormDialog>
);

const Cancellation = ({ account: { id, name }, onClose }: { account: Account; onClose: () => void }) => (
  <ConfirmDialog
    title={`Keep ${name}?`}
    confirm="Cancel the erasure"
    done="Canceled"
    changes={[erasuresKey]}
    onClose={onClose}
    action={() => client.erasures.cancel({ params: { account_id: id } })}
  >
    The workspace and its data stay.
  </ConfirmDialog>
);

/** What the user has erased, with the proofs. Nothing if there is none. */
export function Erasures() {
  const ended = useErasures().data?.filter(({ started_at: started }) => started !== null) ?? [];
  const act = useAction();
  if (ended.length === 0) return null;
  return (
    <Section title="Erased workspaces">
      <dl className="facts">
        {ended.map((erasure) => (
          <ErasureFacts
            key={erasure.id}
            erasure={erasure}
            onDownload={() => act(() => downloadProof(erasure.id, ownProof), 'Keep the proof: it is valid without this platform')}
          />
        ))}
      </dl>
    </Section>
  );
}

const ownProof = async (id: string) => (await client.erasures.get({ params: { erasure_id: id } })).proof;

const ErasureFacts = ({ erasure, onDownload }: { erasure: Erasure; onDownload: () => void }) => (
  <>
    <dt>
      <code>{erasure.account_slug}</code>
    </dt>
    <dd>
      <Badge>{asWords(erasure.state)}</Badge>{' '}
      <span className="muted small">
        {count(erasure.progress.rows_deleted)} rows and {count(erasure.progress.files_deleted)} files deleted
        {erasure.finished_at && (
          <>
            , <When at={erasure.finished_at} />
          </>
        )}
      </span>{' '}
      {erasure.state === 'completed' && (
        <Button small onClick={onDownload} aria-label={`Download the proof of ${erasure.account_slug}`}>
          Download the proof
        </Button>
      )}
    </dd>
  </>
);
