import { preload } from '../failures/preload.ts';

/** The environment of a process whose wall clock is off by `seconds`. */
export const clockOff = (seconds: number) => ({ NODE_OPTIONS: preload(shiftedBy(String(seconds * 1_000))) });

/** The option of a process whose wall clock is off by the seconds in `file`, and jumps when they change. */
export const clockFrom = (file: string) =>
  preload(`
  import { readFileSync } from 'node:fs';
  let ahead = 0;
  const read = () => {
    ahead = Number(readFileSync(${JSON.stringify(file)}, 'utf8')) * 1000;
  };
  read();
  setInterval(read, 100).unref();
  ${shiftedBy('ahead')}`);

const shiftedBy = (milliseconds: string) => `
  const RealDate = Date;
  globalThis.Date = class Date extends RealDate {
    constructor(...parts) {
      if (parts.length > 0) super(...parts);
      else super(RealDate.now() + ${milliseconds});
    }
    static now() {
      return RealDate.now() + ${milliseconds};
    }
  };`;
