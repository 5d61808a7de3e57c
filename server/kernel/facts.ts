import { channel } from 'node:diagnostics_channel';
import type { Usage } from '../../contract/events.ts';

/** A kind of thing that happens again and again. To tell it costs next to nothing while nobody listens. */
export type Fact<T> = {
  /** Whether anybody listens: what only a listener needs is not made without one. */
  readonly isHeard: boolean;
  tell(what: T): void;
  /** Hear of each from now on; the function that comes back ends that. */
  hear(listener: (what: T) => void): () => void;
};

function fact<T>(name: string): Fact<T> {
  const told = channel(`arkloop.${name}`);
  return {
    get isHeard() {
      return told.hasSubscribers;
    },
    tell: (what) => told.publish(what),
    hear(listener) {
      // Only `tell` publishes here, so a message has the type of its fact.
      const heard = (what: unknown) => listener(what as T);
      told.subscribe(heard);
      return () => void told.unsubscribe(heard);
    },
  };
}

/** How a question to a model ended; `abandoned` where whoever asked went away. */
export type ModelOutcome = 'answered' | 'retryable' | 'non_retryable' | 'abandoned';

/** What became of an attempt to send a mail; one that is `retried` is tried again later. */
export type MailOutcome = 'sent' | 'retried' | 'refused' | 'expired' | 'unreadable';

/** What the parts of a process tell whoever counts, see `server/metrics/`. Times are in seconds. */
export const facts = {
  /** The API has answered: a stream when it began, anything else when it was over. `route` is a template of the contract, never a path. */
  requestAnswered: fact<{ method: string; route: string; status: number; seconds: number }>('request-answered'),
  streamOpened: fact<'api' | 'gateway'>('stream-opened'),
  streamClosed: fact<'api' | 'gateway'>('stream-closed'),
  jobEnded: fact<{ task: string; outcome: 'done' | 'retried' | 'given_up' }>('job-ended'),
  runEnded: fact<{ status: 'completed' | 'failed' | 'cancelled'; errorClass: string }>('run-ended'),
  modelAsked: fact<{ provider: string; model: string; outcome: ModelOutcome; seconds: number; usage: Usage | undefined }>('model-asked'),
  /** A question is asked again after a failure. */
  modelRetried: fact<undefined>('model-retried'),
  webhookTried: fact<{ outcome: string; seconds: number }>('webhook-tried'),
  mailTried: fact<MailOutcome>('mail-tried'),
  /** An answer of the gateway is over, whoever gave it. */
  gatewayAnswered: fact<{ method: string; status: number; seconds: number }>('gateway-answered'),
  /** The gateway has refused a request itself. */
  gatewayRefused: fact<string>('gateway-refused'),
  /** What stands behind the gateway did not answer, or not to the end. */
  upstreamFailed: fact<'bad_gateway' | 'gateway_timeout' | 'broken_off'>('upstream-failed'),
  /** A promise was rejected, and no code handled it. */
  rejectionUnhandled: fact<undefined>('rejection-unhandled'),
  linesLogged: fact<{ outcome: 'written' | 'dropped'; count: number }>('lines-logged'),
} as const;
