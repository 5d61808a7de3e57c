import { Link } from 'wouter';
import type { Memory as MemoryRow } from '../../../../client/index.ts';
import { When } from '../components/format.tsx';
import { Page } from '../components/page.tsx';
import { Empty } from '../components/states.tsx';
import type { Column } from '../components/table.tsx';
import { useMay } from '../me.ts';
import { ConfirmDialog, FormDialog, useAction, useDialog } from '../resource/dialogs.tsx';
import { SearchFilter, useFilters } from '../resource/filters.tsx';
import { List, useList } from '../resource/list.tsx';
import type { RowAction } from '../resource/rowMenu.tsx';
import { client } from '../session.ts';
import { Button } from '../ui/buttons.tsx';
import { TextArea } from '../ui/fields.tsx';
import { textOf } from '../ui/form.tsx';

const memoriesKey = ['memories'];

/** Facts that agents know about the user in every chat. */
export default function Memory() {
  const [dialog, open] = useDialog();
  const mayWrite = useMay('data.memories.write');
  const filters = useFilters('q');
  const q = filters.text('q');
  const memories = useList([...memoriesKey, q], (page) => client.memories.list({ query: { q, ...page } }));
  const actionsOf = useMemoryActions(open);
  const hasRows = Boolean(memories.data?.length) || filters.isActive;
  const add = mayWrite && (
    <Button kind="primary" icon="add" onClick={() => open((close) => <NewMemory onClose={close} />)}>
      New memory
    </Button>
  );
  return (
    <Page
      title="Memory"
      intro="Facts that agents know about you in every chat. They keep what you tell them, and you can correct it here. Only you can read this page. Private chats and shared projects use no memory, and personas can be without it."
      actions={
        mayWrite &&
        hasRows && (
          <>
            <Button icon="remove" onClick={() => open((close) => <Clearing onClose={close} />)}>
              Delete all
            </Button>
            {add}
          </>
        )
      }
    >
      <List
        caption="Memories"
        query={memories}
        columns={columns}
        keyOf={({ id }) => id}
        nameOf={({ content }) => content}
        actionsOf={(memory) => (mayWrite ? actionsOf(memory) : [])}
        filters={filters}
        empty={
          <Empty title="Nothing is remembered yet" action={add}>
            Say something like “Remember that I prefer short answers” in a chat, or write it here.
          </Empty>
        }
      >
        {hasRows && <SearchFilter filters={filters} placeholder="Words of a memory" />}
      </List>
      {dialog}
    </Page>
  );
}

const columns: Column<MemoryRow>[] = [
  {
    title: 'Memory',
    cell: ({ content, thread_id, updated_at }) => (
      <>
        <div className="memory">{content}</div>
        <div className="muted small">
          {thread_id ? <Link href={`/chat/${thread_id}`}>From a chat</Link> : 'Written by you'}, <When at={updated_at} />
        </div>
      </>
    ),
  },
];

function useMemoryActions(open: ReturnType<typeof useDialog>[1]) {
  const run = useAction();
  return (memory: MemoryRow): readonly RowAction[] => [
    { label: 'Edit', icon: 'edit', run: () => open((close) => <EditMemory memory={memory} onClose={close} />) },
    {
      label: 'Delete',
      icon: 'remove',
      isDangerous: true,
      run: () => run(() => client.memories.delete({ params: { memory_id: memory.id } }), 'Deleted', memoriesKey),
    },
  ];
}

const ContentField = ({ text }: { text?: string }) => (
  <TextArea
    label="Fact"
    name="content"
    rows={3}
    maxLength={1_000}
    defaultValue={text}
    placeholder="Prefers short answers in German."
    hint="One sentence, at most 500 characters. No passwords: models read it."
    required
  />
);

const NewMemory = ({ onClose }: { onClose: () => void }) => (
  <FormDialog
    title="New memory"
    submit="Remember"
    done="Remembered"
    changes={[memoriesKey]}
    onClose={onClose}
    onSubmit={(values) => client.memories.create({ body: { content: textOf(values, 'content') } })}
  >
    <ContentField />
  </FormDialog>
);

const EditMemory = ({ memory: { id, content }, onClose }: { memory: MemoryRow; onClose: () => void }) => (
  <FormDialog
    title="Edit memory"
    done="Saved"
    changes={[memoriesKey]}
    onClose={onClose}
    onSubmit={(values) => client.memories.update({ params: { memory_id: id }, body: { content: textOf(values, 'content') } })}
  >
    <ContentField text={content} />
  </FormDialog>
);

const Clearing = ({ onClose }: { onClose: () => void }) => (
  <ConfirmDialog
    title="Delete all memories?"
    confirm="Delete all"
    done="All memories deleted"
    changes={[memoriesKey]}
    onClose={onClose}
    action={() => client.memories.deleteAll()}
  >
    Agents no longer know these facts about you. Your chats stay as they are. This cannot be undone.
  </ConfirmDialog>
);
