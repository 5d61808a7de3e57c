import type { Adapter, AdapterPayload } from 'oidc-provider';

const stored = new Map<string, AdapterPayload>();

/** Stores what an `oidc-provider` of the tests must remember. Its own adapter for this prints a warning. Nothing expires: providers end with their file. */
export class MemoryAdapter implements Adapter {
  readonly #model: string;

  constructor(model: string) {
    this.#model = model;
  }

  async upsert(id: string, payload: AdapterPayload) {
    stored.set(this.#keyOf(id), payload);
  }

  async find(id: string) {
    return stored.get(this.#keyOf(id));
  }

  async findByUid(uid: string) {
    return this.#findBy((payload) => payload.uid === uid);
  }

  async findByUserCode(code: string) {
    return this.#findBy((payload) => payload.userCode === code);
  }

  async consume(id: string) {
    const payload = await this.find(id);
    if (payload) payload.consumed = Math.floor(Date.now() / 1_000);
  }

  async destroy(id: string) {
    stored.delete(this.#keyOf(id));
  }

  async revokeByGrantId(grantId: string) {
    for (const [key, payload] of stored) if (payload.grantId === grantId) stored.delete(key);
  }

  #keyOf(id: string) {
    return `${this.#model}:${id}`;
  }

  #findBy(matches: (payload: AdapterPayload) => boolean) {
    return [...stored].find(([key, payload]) => key.startsWith(`${this.#model}:`) && matches(payload))?.[1];
  }
}
