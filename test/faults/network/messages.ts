/**
 * What a link does with connections and bytes.
 * - `open`: forwards.
 * - `cut`: resets connections and accepts none.
 * - `blackHole`: keeps connections and forwards nothing, like a network that loses all packets. When the link opens again, its bytes arrive.
 * - `slow`: delays bytes by `delayMs` and forwards at most `bytesPerSecond`.
 */
export type LinkState =
  | { mode: 'open' }
  | { mode: 'cut' }
  | { mode: 'blackHole' }
  | { mode: 'slow'; delayMs: number; bytesPerSecond: number };

/**
 * Sent to the proxy process. `targets` replaces those of new connections. `forget` makes the connections that exist now half-open: their targets see them closed, and their other sides see
 * nothing, as after a failover or in a firewall that lost its state.
 */
export type ProxyCommand =
  | { kind: 'link'; name: string; port: number; targets: readonly number[] }
  | { kind: 'targets'; name: string; targets: readonly number[] }
  | { kind: 'state'; name: string; state: LinkState }
  | { kind: 'forget'; name: string };

/** Sent by the proxy process. */
export type ProxyReply = { kind: 'listening'; name: string };
