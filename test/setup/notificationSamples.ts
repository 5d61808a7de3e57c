import { notify } from '../../server/resources/notifications/service.ts';
import { adminOf } from './planSamples.ts';
import type { Maker } from './samples.ts';

export const newBroadcast = () => ({ type: 'sample', title: 'Sample', body: 'For everybody.', target: 'all' });

export async function broadcastOf({ world }: Maker): Promise<string> {
  const { token } = await adminOf(world);
  const { status, text, body } = await world.call('POST', '/v1/admin/notifications/broadcasts', { token, body: newBroadcast() });
  if (status !== 202) throw new Error(`POST broadcasts: ${status} ${text}`);
  return body.id;
}

/** Something that the maker was told of his account and has not read. */
export async function notificationOf({ world, by }: Maker): Promise<string> {
  await notify(world.database, { accountId: by.accountId, userIds: [by.id], type: 'sample', title: 'Sample', body: 'For you.' });
  const [newest] = await world.sql('select id from notifications where user_id = $1 order by created_at desc, id desc limit 1', [by.id]);
  return newest.id;
}
