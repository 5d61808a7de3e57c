/** What several processes keep a copy of. */
export type ChangedThing = 'settings' | 'entitlements' | 'mcp_configs' | 'tool_providers' | 'personas' | 'feature_flags' | 'ip_rules';

/** Tells all processes that what they keep of something is old. The key is the account it belongs to, or `platform`. */
export type Changes = {
  /** After the commit; listeners of this process hear it at once, others within a second. */
  announce(thing: ChangedThing, key: string): void;
  on(thing: ChangedThing, listener: (key: string) => void): void;
  /** Called with every loss and recovery of the way to the others: copies kept over a loss are to be dropped. */
  onState(listener: (up: boolean) => void): void;
};
