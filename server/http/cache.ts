/**
 * A bounded cache with expiry. Evicts the entry that was set first. An entry can belong to an owner: `invalidateOwner` removes all entries of an
 * owner.
 */
export class ExpiringCache<V> {
  readonly #entries = new Map<string, { value: V; until: number; owner: string | undefined }>();
  readonly #byOwner = new Map<string, Set<string>>();
  readonly #most: number;
  readonly #lifeMs: number;
  #enabled = true;
  #generation = 0;

  constructor(most: number, lifeMs = 60_000) {
    this.#most = most;
    this.#lifeMs = lifeMs;
  }

  get(key: string): V | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    if (entry.until > performance.now()) return entry.value;
    this.#drop(key);
    return undefined;
  }

  set(key: string, value: V, owner?: string): void {
    if (!this.#enabled) return;
    this.#drop(key);
    this.#entries.set(key, { value, until: performance.now() + this.#lifeMs, owner });
    if (owner !== undefined) {
      const keys = this.#byOwner.get(owner) ?? new Set();
      this.#byOwner.set(owner, keys.add(key));
    }
    if (this.#entries.size > this.#most) this.#drop(this.#entries.keys().next().value!);
  }

  /** Loads a value and caches it, unless an entry was invalidated meanwhile: the loaded value may be outdated. */
  async load(key: string, owner: string | undefined, ask: () => Promise<V | undefined>): Promise<V | undefined> {
    const generation = this.#generation;
    const value = await ask();
    if (value !== undefined && generation === this.#generation) this.set(key, value, owner);
    return value;
  }

  invalidateOwner(owner: string): void {
    this.#generation++;
    for (const key of [...(this.#byOwner.get(owner) ?? [])]) this.#drop(key);
  }

  clear(): void {
    this.#generation++;
    this.#entries.clear();
    this.#byOwner.clear();
  }

  /** Disabling clears the cache and stops caching. After enabling, values whose load started earlier are not cached. */
  setEnabled(on: boolean): void {
    this.#enabled = on;
    this.clear();
  }

  #drop(key: string) {
    const entry = this.#entries.get(key);
    this.#entries.delete(key);
    if (entry?.owner === undefined) return;
    const keys = this.#byOwner.get(entry.owner);
    keys?.delete(key);
    if (keys?.size === 0) this.#byOwner.delete(entry.owner);
  }
}
