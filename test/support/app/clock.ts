/** The environment of a process whose wall clock is off by `seconds`. */
export const clockOff = (seconds: number) => ({
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(shift(seconds * 1_000))}`,
});

const shift = (milliseconds: number) => `
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
