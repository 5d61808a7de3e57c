import type { ReportCategory, Thread } from '../../../../../client/index.ts';
import { client } from '../../session.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { Checkbox, FieldSet, TextArea } from '../../ui/fields.tsx';
import { FieldError, Form, textOf } from '../../ui/form.tsx';
import { showToast } from '../../ui/toasts.tsx';
import { titleOf } from '../threads/list.ts';

const categories: Record<ReportCategory, string> = {
  inaccurate: 'An answer is wrong',
  out_of_date: 'An answer is out of date',
  wrong_sources: 'The sources are wrong',
  too_short: 'Answers are too short',
  too_long: 'Answers are too long',
  harmful_or_offensive: 'It is harmful or offensive',
};

/** Reports a thread to the platform admins. */
export const ReportDialog = ({ thread, onClose }: { thread: Thread; onClose: () => void }) => (
  <Dialog
    title={`Report “${titleOf(thread)}”`}
    intro="The administrators of this server will read the report. The chat does not change."
    onClose={onClose}
  >
    <Form
      submit="Send report"
      onCancel={onClose}
      onSubmit={async (values) => {
        const chosen = values.getAll('category') as ReportCategory[];
        if (chosen.length === 0) throw new FieldError('categories', 'Choose one reason or more.');
        await client.reports.create({
          params: { thread_id: thread.id },
          body: { categories: chosen, feedback: textOf(values, 'feedback') || null },
        });
        showToast('Report sent. Thank you.');
        onClose();
      }}
    >
      <FieldSet label="What is wrong?" name="categories">
        {Object.entries(categories).map(([value, text]) => (
          <Checkbox key={value} name="category" value={value} label={text} />
        ))}
      </FieldSet>
      <TextArea label="Details (optional)" name="feedback" maxLength={2_000} rows={3} />
    </Form>
  </Dialog>
);
