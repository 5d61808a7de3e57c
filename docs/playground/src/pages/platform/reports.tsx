import type { Report } from '../../../../../client/index.ts';
import { When } from '../../components/format.tsx';
import { Page } from '../../components/page.tsx';
import { Empty } from '../../components/states.tsx';
import type { Column } from '../../components/table.tsx';
import { ChoiceFilter, useFilters } from '../../resource/filters.tsx';
import { List, useList } from '../../resource/list.tsx';
import { client } from '../../session.ts';
import { Badge, CopyButton } from '../../ui/buttons.tsx';
import { AccountName, ShortId, UserName } from './names.tsx';

const categories = {
  inaccurate: 'Inaccurate',
  out_of_date: 'Out of date',
  too_short: 'Too short',
  too_long: 'Too long',
  harmful_or_offensive: 'Harmful or offensive',
  wrong_sources: 'Wrong sources',
} satisfies Record<Report['categories'][number], string>;
type Category = keyof typeof categories;

export default function Reports() {
  const filters = useFilters('category');
  const category = filters.oneOf('category', Object.keys(categories) as Category[]);
  const reports = useList(['reports', category], (page) => client.reports.list({ query: { category, ...page } }));
  return (
    <Page title="Reports" intro="Chats that users reported, with their reasons. A report stays when its chat is deleted.">
      <List
        caption="Reports"
        query={reports}
        columns={columns}
        keyOf={({ id }) => id}
        filters={filters}
        empty={<Empty title="No reports">Users can report a chat from its menu, for example because of a wrong or harmful answer.</Empty>}
      >
        <ChoiceFilter filters={filters} label="Reason" name="category" options={Object.entries(categories)} />
      </List>
    </Page>
  );
}

const columns: Column<Report>[] = [
  { title: 'When', cell: ({ created_at }) => <When at={created_at} /> },
  {
    title: 'Reasons',
    cell: (report) => (
      <span className="badges">
        {report.categories.map((each) => (
          <Badge key={each} tone={each === 'harmful_or_offensive' ? 'danger' : ''}>
            {categories[each]}
          </Badge>
        ))}
      </span>
    ),
  },
  { title: 'Comment', cell: ({ feedback }) => <div className="excerpt">{feedback ?? '–'}</div> },
  { title: 'Reported by', cell: ({ user_id }) => <UserName id={user_id} /> },
  { title: 'Account', cell: ({ account_id }) => <AccountName id={account_id} /> },
  {
    title: 'Chat',
    cell: ({ thread_id }) => (
      <span className="with-copy">
        <ShortId id={thread_id} />
        <CopyButton text={thread_id} label="Copy the ID of the chat" />
      </span>
    ),
  },
];
