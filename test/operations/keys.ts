import { randomBytes } from 'node:crypto';

type Env = Record<string, string | undefined>;

/** The keys of the installation and those that replace them, as variables in every stage of docs/guides/key-rotation.md. */
export type Keys = {
  /** As the first version had them: one key, whose id is not in the values. */
  old: Record<string, string>;
  known: Env;
  used: Env;
  alone: Env;
  /** The encryption keys that are in use now, newest first. */
  current(): string[];
  areNamed(): boolean;
  enter(stage: 'known' | 'used' | 'alone'): void;
};

export function newKeys(): Keys {
  const hex = () => randomBytes(32).toString('hex');
  const [key, secret] = [
    { old: hex(), new: hex() },
    { old: hex(), new: hex() },
  ];
  const ring = (...names: ('old' | 'new')[]): Env => ({
    ARKLOOP_ENCRYPTION_KEY: undefined,
    ARKLOOP_AUTH_JWT_SECRET: undefined,
    ARKLOOP_ENCRYPTION_KEYS: names.map((name) => key[name]).join(','),
    ARKLOOP_AUTH_JWT_SECRETS: names.map((name) => secret[name]).join(','),
  });
  const rings = { known: ring('old', 'new'), used: ring('new', 'old'), alone: ring('new') };
  let current = [key.old];
  let areNamed = false;
  return {
    old: { ARKLOOP_ENCRYPTION_KEY: key.old, ARKLOOP_AUTH_JWT_SECRET: secret.old },
    ...rings,
    current: () => current,
    areNamed: () => areNamed,
    enter(stage) {
      current = rings[stage].ARKLOOP_ENCRYPTION_KEYS!.split(',');
      areNamed = true;
    },
  };
}
