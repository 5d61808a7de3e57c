/** Called with the path of each field that is read. */
type OnRead = (path: string[]) => void;

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
const isIndex = (key: string) => /^\d+$/.test(key);

/**
 * Returns `value` such that each read of a field is reported: property access, `in`, and enumeration, which counts as reading every name that it
 * returns. Elements of an array have the step `[]`. The values are equal to those of the original, which is changed: it holds the observed
 * parts after they were read, so that the same part is the same object each time.
 */
export function observe<T>(value: T, onRead: OnRead, path: string[] = []): T {
  if (!isObject(value)) return value;
  const observed = new Map<PropertyKey, unknown>();
  const stepOf = (key: string) => (Array.isArray(value) ? (isIndex(key) ? '[]' : undefined) : key);
  const note = (key: PropertyKey) => {
    const step = typeof key === 'string' && Object.hasOwn(value, key) ? stepOf(key) : undefined;
    if (step !== undefined) onRead([...path, step]);
    return step;
  };
  return new Proxy(value, {
    get(target, key, receiver) {
      const step = note(key);
      const current: unknown = Reflect.get(target, key, receiver);
      if (step === undefined || !isObject(current) || observed.get(key) === current) return current;
      const { writable, configurable } = Reflect.getOwnPropertyDescriptor(target, key) ?? {};
      if (!writable && !configurable) {
        // A frozen object must return its own value, so everything below counts as read.
        noteEverything(current, onRead, [...path, step]);
        return current;
      }
      const part = observe(current, onRead, [...path, step]);
      observed.set(key, part);
      Reflect.set(target, key, part);
      return part;
    },
    has(target, key) {
      note(key);
      return Reflect.has(target, key);
    },
    ownKeys(target) {
      const keys = Reflect.ownKeys(target);
      for (const key of keys) note(key);
      return keys;
    },
  });
}

/** Reports every field of a value. */
export function noteEverything(value: unknown, onRead: OnRead, path: string[] = []): void {
  if (!isObject(value)) return;
  for (const [key, inner] of Object.entries(value)) {
    const next = [...path, Array.isArray(value) ? '[]' : key];
    onRead(next);
    noteEverything(inner, onRead, next);
  }
}
