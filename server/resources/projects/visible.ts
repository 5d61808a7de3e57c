import { sharedWith } from '../teams/visibility.ts';

/** SQL: whether user `$2` sees project `p`: his own, those shared with everybody or a team of his, or all for those who manage projects (`$3`). */
export const projectVisible = `p.deleted_at is null and (p.owner_user_id = $2 or $3::boolean or ${sharedWith('$2')})`;
