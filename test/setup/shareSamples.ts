import { openThread } from './conversation.ts';
import type { Maker } from './samples.ts';

const password = 'Sample-Passw0rd';

async function post({ world, by }: Maker, path: string, body: object) {
  const answer = await world.call('POST', path, { token: by.token, body });
  if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${answer.text}`);
  return answer.body;
}

/** The token of a share with a password. */
export const shareTokenOf = async (maker: Maker): Promise<string> =>
  (await post(maker, `/v1/threads/${await openThread(maker.world, maker.by)}:share`, { access_type: 'password', password })).token;

/** The password of that share. */
export const sharePassword = () => ({ password });

/** Which share of a thread is meant. */
export const shareToDelete = async (maker: Maker, { thread_id: threadId }: Record<string, string>) => ({
  query: { id: (await post(maker, `/v1/threads/${threadId}:share`, {})).id as string },
});

/** A body that copies a thread up to a message that was added to it. */
export const forkOf = async (maker: Maker, { thread_id: threadId }: Record<string, string>) => ({
  message_id: (await post(maker, `/v1/threads/${threadId}/messages`, { content: 'fork here' })).id as string,
});

/** A body that reports a thread. */
export const newReport = () => ({ categories: ['inaccurate'] });

/** A report of somebody about a thread of his. */
export const reportOf = async (maker: Maker): Promise<string> =>
  (await post(maker, `/v1/threads/${await openThread(maker.world, maker.by)}:report`, newReport())).id;
