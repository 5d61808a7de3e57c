import { channel } from 'node:diagnostics_channel';
import type { Usage } from '../../../contract/events.ts';

/** A metrics event. Emitting costs next to nothing without subscribers. */
export type MetricsEvent<T> = {
  /** Whether there are subscribers. Skip work that only they need. */
  readonly hasListeners: boolean;
  emit(what: T): void;
  /** Subscribes, and returns the function that unsubscribes. */
  on(listener: (what: T) => void): () => void;
};

function fact<T>(name: string): MetricsEvent<T> {
  const told = channel(`arkloop.${name}`);
  return {
    get hasListeners() {
      return told.hasSubscribers;
    },
    emit: (what) => told.publish(what),
    on(listener) {
      // Only `emit` publishes to this channel, so every message has type T.
      const heard = (what: unknown) => listener(what as T);
      told.subscribe(heard);
      return () => void told.unsubscribe(heard);
    },
  };
}

/** The outcome of a model call; `abandoned` if the caller left first. */
export type ModelOutcome = 'answered' | 'retryable' | 'non_retryable' | 'abandoned';

/** The outcome of an attempt to send mail; after `retried`, another attempt follows. */
export type MailOutcome = 'sent' | 'retried' | 'refused' | 'expired' | 'unreadable';

/**
 * Why the primary served a read that a replica could have served: it is down, behind, without a free connection, no standby anymore, a server of
 * another database, on another timeline, or it canceled the statement.
 */
export type ReplicaFallback = 'unavailable' | 'lag' | 'busy' | 'promoted' | 'foreign' | 'timeline' | 'canceled';

/** Metrics events of this process. `server/metrics/` subscribes to them. Times are in seconds. */
export const metricsEvents = {
  /** An API response: emitted when a stream begins, and when any other response ends. `route` is a template of the contract, never a path. */
  requestHandled: fact<{ method: string; route: string; status: number; seconds: number }>('request-answered'),
  streamOpened: fact<'api' | 'gateway'>('stream-opened'),
  streamClosed: fact<'api' | 'gateway'>('stream-closed'),
  /** This process takes jobs of the task. */
  jobTaskServed: fact<string>('job-task-served'),
  housekeepingStepEnded: fact<{ step: string; outcome: 'done' | 'failed' }>('housekeeping-step-ended'),
  jobEnded: fact<{ task: string; outcome: 'done' | 'retried' | 'given_up' }>('job-ended'),
  runEnded: fact<{ status: 'completed' | 'failed' | 'cancelled'; errorClass: string }>('run-ended'),
  /** The events of an ended run were moved to the object store, or could not be; `interrupted`: the object store did not respond. */
  runArchived: fact<'archived' | 'failed' | 'interrupted'>('run-archived'),
  modelCalled: fact<{ provider: string; model: string; outcome: ModelOutcome; seconds: number; usage: Usage | undefined }>('model-asked'),
  modelRetried: fact<undefined>('model-retried'),
  webhookAttempted: fact<{ outcome: string; seconds: number }>('webhook-tried'),
  mailAttempted: fact<MailOutcome>('mail-tried'),
  /** This process lacks the key of a stored value, and has put the work back for others. */
  workLeft: fact<'mail' | 'webhook' | 'run'>('work-left'),
  /** A response of the gateway has ended, either its own or one of the upstream. */
  gatewayResponded: fact<{ method: string; status: number; seconds: number }>('gateway-answered'),
  /** The gateway itself rejected a request, for the given reason. */
  gatewayRejected: fact<string>('gateway-refused'),
  /** The upstream of the gateway did not respond, or not completely. */
  upstreamFailed: fact<'bad_gateway' | 'gateway_timeout' | 'broken_off'>('upstream-failed'),
  /** An upstream of several was ejected, is used again or was removed. `reason`: `connect`, `check` or `configuration`. */
  upstreamStateChanged: fact<{ upstream: string; state: 'healthy' | 'ejected' | 'removed'; reason: string }>('upstream-state-changed'),
  /** The gateway serves a certificate that expires at this time, in seconds since 1970. */
  certificateLoaded: fact<number>('certificate-loaded'),
  /** A read that a replica may serve. `reason` is empty if the replica served it. */
  replicaRead: fact<{ server: 'replica' | 'primary'; reason: ReplicaFallback | '' }>('replica-read'),
  /** How long a read waited until the replica could serve it. */
  replicaWaited: fact<number>('replica-waited'),
  /** A notification of a process with a broker: what carried it. Lost ones are those of run events, whose readers poll. */
  notificationSent: fact<'broker' | 'postgres' | 'lost'>('notification-sent'),
  unhandledRejection: fact<undefined>('rejection-unhandled'),
  accessLogLines: fact<{ outcome: 'written' | 'dropped'; count: number }>('lines-logged'),
} as const;
