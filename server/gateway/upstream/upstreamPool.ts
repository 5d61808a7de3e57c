import type { Log } from '../../platform/telemetry/log.ts';
import { metricsEvents } from '../../platform/telemetry/metricsEvents.ts';
import { fetchReadiness } from './fetchReadiness.ts';
import { closeConnections, createUpstream, type Upstream } from './upstream.ts';

/** The upstreams that requests are distributed to. */
export type UpstreamPool = {
  all(): readonly Upstream[];
  /** The less loaded of two random healthy upstreams that were not tried. If none is healthy, all are candidates. Undefined if none is left. */
  choose(tried?: readonly Upstream[]): Upstream | undefined;
  /** Counts a request. Returns what ends it. */
  begin(upstream: Upstream): () => void;
  /** No connection to the upstream could be opened: it is not chosen again before a health check succeeds. */
  connectFailed(upstream: Upstream, error: unknown): void;
  /** Replaces the addresses. Upstreams that are no longer named get no further requests and end with their last one. */
  replace(addresses: readonly string[]): void;
  close(): void;
};

type Options = { addresses: readonly string[]; timeoutMs: number; checkIntervalMs: number; log: Log };

/** Failed checks in a row until an upstream is ejected: a single one may be a pause of the event loop. */
const maxFailures = 2;

type Member = Upstream & { ejected: boolean; failures: number; removed: boolean; checking: boolean };

/** With one upstream there is nothing to choose, so it is neither checked nor ejected. */
export function createUpstreamPool({ addresses, timeoutMs, checkIntervalMs, log }: Options): UpstreamPool {
  let members: Member[] = [];
  const draining = new Set<Member>();

  function report(member: Member, state: 'healthy' | 'ejected', reason: string) {
    metricsEvents.upstreamStateChanged.emit({ upstream: member.name, state, reason });
  }
  function eject(member: Member, reason: 'connect' | 'check', err: unknown) {
    if (member.ejected || member.removed || members.length < 2) return;
    member.ejected = true;
    report(member, 'ejected', reason);
    log.warn({ upstream: member.name, reason, err, healthy: members.filter(({ ejected }) => !ejected).length }, 'an upstream was ejected');
  }
  function restore(member: Member) {
    member.failures = 0;
    if (!member.ejected || member.removed) return;
    member.ejected = false;
    report(member, 'healthy', 'check');
    log.info({ upstream: member.name }, 'an upstream is used again');
  }
  async function check(member: Member) {
    if (member.checking) return;
    member.checking = true;
    try {
      const { status, body } = await fetchReadiness(member);
      if (status !== 200) throw new Error(`not ready: ${JSON.stringify(body).slice(0, 200)}`);
      restore(member);
    } catch (error) {
      member.failures++;
      if (member.failures >= maxFailures) eject(member, 'check', error);
    } finally {
      member.checking = false;
    }
  }
  function end(member: Member) {
    draining.delete(member);
    closeConnections(member);
  }
  function replace(next: readonly string[]) {
    const known = new Map(members.map((member) => [member.url.href, member]));
    const kept = next.map((address) => known.get(new URL(address).href));
    const removed = members.filter((member) => !kept.includes(member));
    members = next.map(
      (address, at) => kept[at] ?? { ...createUpstream(address, timeoutMs), ejected: false, failures: 0, removed: false, checking: false },
    );
    for (const member of removed) {
      member.removed = true;
      log.info({ upstream: member.name, in_flight: member.inFlight }, 'an upstream was removed');
      metricsEvents.upstreamStateChanged.emit({ upstream: member.name, state: 'removed', reason: 'configuration' });
      if (member.inFlight === 0) end(member);
      else draining.add(member);
    }
    for (const [at, { name }] of members.entries()) if (!kept[at] && known.size > 0) log.info({ upstream: name }, 'an upstream was added');
    // A single one is not checked, so it must not stay ejected.
    if (members.length === 1) members[0]!.ejected = false;
    else for (const member of members) report(member, member.ejected ? 'ejected' : 'healthy', 'configuration');
  }

  replace(addresses);
  const timer = setInterval(() => {
    if (members.length > 1)
      for (const member of members) check(member).catch((err: unknown) => log.error({ err }, 'an upstream was not checked'));
  }, checkIntervalMs).unref();
  return {
    all: () => members,
    choose(tried = []) {
      const untried = tried.length > 0 ? members.filter((member) => !tried.includes(member)) : members;
      const healthy = untried.filter(({ ejected }) => !ejected);
      const candidates = healthy.length > 0 ? healthy : untried;
      if (candidates.length < 2) return candidates[0];
      const first = Math.floor(Math.random() * candidates.length);
      const second = (first + 1 + Math.floor(Math.random() * (candidates.length - 1))) % candidates.length;
      const [one, other] = [candidates[first]!, candidates[second]!];
      return other.inFlight < one.inFlight ? other : one;
    },
    begin(upstream) {
      upstream.inFlight++;
      let isOpen = true;
      return () => {
        if (!isOpen) return;
        isOpen = false;
        upstream.inFlight--;
        const member = upstream as Member;
        if (member.inFlight === 0 && draining.has(member)) end(member);
      };
    },
    connectFailed: (upstream, error) => eject(upstream as Member, 'connect', error),
    replace,
    close() {
      clearInterval(timer);
      for (const member of [...members, ...draining]) closeConnections(member);
    },
  };
}
