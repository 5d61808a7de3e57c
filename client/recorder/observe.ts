/** Called with the path of each field that is read. */
type OnRead = (path: string[]) => void;

/**
 * The last step of a path: the fields of an object were enumerated, so it counts as read with all fields that its schema declares. The ones that
 * this object happens to have would depend on the data.
 */
export const everyField = '{}';

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
const isIndex = (key: string) => /^\d+$/.test(key);

/**
 * Returns `value` such that each read of a field is reported: property access, `in`, and enumeration (`everyField`). Elements of an array have the
 * step `[]`. The values are equal to those of the original, which is changed: it holds the observed
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
        noteRead(current, onRead, [...path, step]);
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
      noteEnumeration(value, onRead, path);
      return Reflect.ownKeys(target);
    },
  });
}

/** Reports every field that a value has: one that is sent. */
export function noteSent(value: unknown, onField: (path: string[]) => void, path: string[] = []): void {
  if (!isObject(value)) return;
  for (const [step, inner] of parts(value)) {
    onField([...path, step]);
    noteSent(inner, onField, [...path, step]);
  }
}

/** Reports that a value is read completely. */
export function noteRead(value: unknown, onRead: OnRead, path: string[] = []): void {
  if (!isObject(value)) return;
  noteEnumeration(value, onRead, path);
  for (const [step, inner] of parts(value)) noteRead(inner, onRead, [...path, step]);
}

const parts = (value: object) => Object.entries(value).map(([key, inner]) => [Array.isArray(value) ? '[]' : key, inner] as const);

function noteEnumeration(value: object, onRead: OnRead, path: string[]) {
  if (!Array.isArray(value)) onRead([...path, everyField]);
  else if (value.length > 0) onRead([...path, '[]']);
}
