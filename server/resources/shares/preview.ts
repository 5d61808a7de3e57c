import { printable } from '../../../contract/shared/text.ts';
import { anonymousShare } from '../../database/connection/connectionShares.ts';
import type { App } from '../../http/app.ts';
import type { FindPreview } from '../../http/site/sharePreview.ts';
import { sha256 } from '../../platform/crypto/ids.ts';
import * as queries from './queries.ts';
import { sharedMessagesFilter } from './sharedMessages.ts';

const maxDescription = 200;

/** The title and the first words of a share that everybody with the link can read. */
export const findSharePreview =
  ({ database }: Pick<App, 'database'>): FindPreview =>
  async (token) => {
    const db = database.of(anonymousShare);
    const share = await db.row(queries.selectShareByToken, { tokenHash: sha256(token) });
    if (share?.password_hash !== null) return undefined;
    const [first] = await db.rows(queries.selectSharedMessages, { ...sharedMessagesFilter(share), afterNumber: 0, limit: 1 });
    if (!first) return undefined;
    return { title: printable(share.title ?? 'Shared chat'), description: first.id === null ? 'A shared chat.' : shortened(first.content) };
  };

function shortened(text: string): string {
  const words = printable(text).trim().replace(/\s+/g, ' ');
  return words.length <= maxDescription ? words : `${words.slice(0, maxDescription - 1).toWellFormed()}…`;
}
