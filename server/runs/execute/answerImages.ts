import { createHash } from 'node:crypto';
import { maxDocumentBytes } from '../../../contract/attachments.ts';
import type { RunPort } from '../../agent/loop/runLoop.ts';
import { backgroundShare } from '../../database/connection/connectionShares.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { Failure } from '../../platform/failure.ts';
import { discard } from '../../resources/attachments/discard.ts';
import { formatKey, objectKey } from '../../resources/attachments/key.ts';
import * as queries from '../../resources/attachments/queries.ts';
import { detectImageType, hasTooManyPixels, tooManyPixels, typeDetectionBytes } from '../../resources/attachments/types.ts';
import { checkQuota } from '../../resources/quotas/check.ts';
import { StorageUnavailable } from '../../storage/storage.ts';
import type { LeasedRun } from '../lease/lease.ts';
import type { ExecuteDeps } from './executeDeps.ts';

/** Of a run: as many as a message of a user may have. Counts those of repeated calls too. */
const maxImages = 8;
/** Models produce larger images than they accept. */
const maxBytes = maxDocumentBytes;

type Kept = Awaited<ReturnType<RunPort['keepImage']>>;

const notStored = (message: string): Kept => ({ error: { error_class: 'attachment.not_stored', message } });

/**
 * Stores the images of a model like the uploads of the run's user: they count toward the quota, and are removed after 24 hours unless an answer
 * takes them over (`keepImages` in answers.ts). `earlier`: how many images earlier attempts of the run have stored.
 */
export function createImageKeeper(
  { database, storage }: Pick<ExecuteDeps, 'database' | 'storage'>,
  run: LeasedRun,
  earlier: number,
): RunPort['keepImage'] {
  const { account_id: accountId, created_by_user_id: userId } = run;
  let stored = earlier;
  return async ({ data }) => {
    if (!storage || userId === null) return notStored('There is no store for attachments.');
    if (stored >= maxImages) return notStored(`An answer has at most ${maxImages} images.`);
    if (Buffer.byteLength(data, 'base64') > maxBytes) return notStored(`It has more than ${maxBytes} bytes.`);
    const bytes = Buffer.from(data, 'base64');
    const mime_type = await detectImageType(bytes.subarray(0, typeDetectionBytes));
    if (mime_type === undefined) return notStored('It is not a PNG, JPEG, GIF or WebP image.');
    if (hasTooManyPixels(bytes, mime_type)) return notStored(`It ${tooManyPixels}.`);
    const id = newId();
    const name = `image-${++stored}.${mime_type.slice('image/'.length).replace('jpeg', 'jpg')}`;
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const row = {
      accountId,
      id,
      userId,
      name,
      mimeType: mime_type,
      kind: 'image' as const,
      size: bytes.length,
      sha256,
      extractedText: null,
    };
    try {
      // The row first, so that every object has a row: after a crash, the cleanup removes both.
      await database.of(backgroundShare(accountId)).transaction(async (tx) => {
        await tx.run(queries.insertArriving, row);
        await checkQuota(database, tx, 'attachments', { accountId, userId });
      });
    } catch (error) {
      if (error instanceof Failure) return notStored(error.message);
      throw error;
    }
    try {
      await storage.put(objectKey(accountId, id), bytes, mime_type);
    } catch (error) {
      await discard(database, storage, { accountId, id }).catch(() => {});
      if (error instanceof StorageUnavailable) return notStored('The store for attachments is not available.');
      throw error;
    }
    if (!(await database.row(queries.markStaged, { accountId, id }))) {
      // The cleanup removed the row while the store was slow. Without a row, nothing else would remove the object.
      await discard(database, storage, { accountId, id }).catch(() => {});
      return notStored('The store for attachments took too long.');
    }
    return { attachment: { key: formatKey({ staged: false, accountId, id, name }), filename: name, mime_type, size: bytes.length } };
  };
}
