import { entities } from '../../database/entities.ts';
import { type SealedColumn, sealedColumnsOf } from '../../database/sealedColumns.ts';
import { sendMailTask } from '../../mail/mail.ts';

/** Mails wait in the queue, whose tables have no entities. */
const queuedMail: SealedColumn = {
  table: 'graphile_worker._private_jobs',
  column: 'payload',
  path: ['sealed'],
  columns: [],
  ownerOf: () => sendMailTask,
};

/** Every column with sealed values. */
export const sealedColumns = (): SealedColumn[] => [...sealedColumnsOf(entities), queuedMail];
