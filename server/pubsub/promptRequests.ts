import type { NotificationChannel } from './notificationChannel.ts';

/** The topic of requests for prompts that wait for a worker. */
export const promptRequestChannel = 'arkloop_prompt_requests';
/** The topic of requests for prompts that a worker has answered. */
export const promptReplyChannel = 'arkloop_prompt_replies';

/** Announces requests to workers, and hears of their replies. */
export type PromptRequests = {
  announce(id: string): void;
  /** Resolves when a worker has announced the reply to a request. */
  reply(id: string): Promise<void>;
  forget(id: string): void;
};

/** For API processes. The rows of the requests are in the database, so a lost notification only costs time. */
export function createPromptRequests(channel: NotificationChannel, onError: (error: unknown) => void): PromptRequests {
  const awaited = new Map<string, PromiseWithResolvers<void>>();
  channel.on(promptReplyChannel, (id) => {
    awaited.get(id)?.resolve();
    awaited.delete(id);
  });
  return {
    announce: (id) => void channel.publish(promptRequestChannel, id).catch(onError),
    reply(id) {
      const known = awaited.get(id) ?? Promise.withResolvers<void>();
      awaited.set(id, known);
      return known.promise;
    },
    forget: (id) => void awaited.delete(id),
  };
}
