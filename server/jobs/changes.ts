import type { Channel } from '../db/channel.ts';
import type { ChangedThing, Changes } from '../kernel/changes.ts';
import { type Database, statement } from '../kernel/sql.ts';

/** The channel on which changes of what processes keep copies of are announced. */
export const changeChannel = 'arkloop_changes';

const notify = statement<unknown>('select pg_notify($1, $2)');

/** Announce and hear changes over the notifications of PostgreSQL. */
export function createChanges(database: Database, channel: Channel, onError: (error: unknown) => void): Changes {
  const listeners = new Map<string, ((key: string) => void)[]>();
  const tell = (thing: string, key: string) => {
    for (const listener of listeners.get(thing) ?? []) listener(key);
  };
  channel.on(changeChannel, (payload) => {
    const [thing = '', key = ''] = payload.split(' ');
    tell(thing, key);
  });
  return {
    announce(thing, key) {
      tell(thing, key);
      void database.rows(notify, [changeChannel, `${thing} ${key}`]).catch(onError);
    },
    on: (thing: ChangedThing, listener) => void listeners.set(thing, [...(listeners.get(thing) ?? []), listener]),
    onState: channel.onState,
  };
}
