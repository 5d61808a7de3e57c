/** Remembers a bounded number of answers, the longest unused are dropped first. An answer can belong to an owner, and be forgotten with him. */
export class Memory<V> {
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

  /** Ask, and remember the answer, unless something was forgotten meanwhile: it may be the answer that changed. */
  async load(key: string, owner: string | undefined, ask: () => Promise<V | undefined>): Promise<V | undefined> {
    const generation = this.#generation;
    const value = await ask();
    if (value !== undefined && generation === this.#generation) this.set(key, value, owner);
    return value;
  }

  forget(owner: string): void {
    this.#generation++;
    for (const key of [...(this.#byOwner.get(owner) ?? [])]) this.#drop(key);
  }

  clear(): void {
    this.#generation++;
    this.#entries.clear();
    this.#byOwner.clear();
  }

  /** A disabled memory forgets everything and learns nothing; one that is enabled again, nothing that was asked before. */
  enable(on: boolean): void {
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
