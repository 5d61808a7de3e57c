/** Values of one quantity, with the seconds at which they were measured. */
export type Series = { seconds: number; value: number }[];

/** How fast a quantity may grow in the second half of a run. */
export type Limit = {
  unit: string;
  /** In units, per hour. */
  perHour: number;
  /** Growth over the second half that counts as noise, in units. */
  noise: number;
};

export type Growth = { first: number; last: number; perHour: number; isTooFast: boolean };

/** The slope of the second half, by least squares. The first half is warm-up: caches fill, code is compiled, pools open. */
export function growthOf(series: Series, { perHour: most, noise }: Limit): Growth {
  const half = series.slice(Math.floor(series.length / 2));
  const mean = (of: (each: Series[number]) => number) => half.reduce((sum, each) => sum + of(each), 0) / half.length;
  const [at, value] = [mean(({ seconds }) => seconds), mean((each) => each.value)];
  const covariance = half.reduce((sum, each) => sum + (each.seconds - at) * (each.value - value), 0);
  const variance = half.reduce((sum, each) => sum + (each.seconds - at) ** 2, 0);
  const perSecond = variance === 0 ? 0 : covariance / variance;
  const duration = half.at(-1)!.seconds - half[0]!.seconds;
  const perHour = perSecond * 3_600;
  return { first: half[0]!.value, last: half.at(-1)!.value, perHour, isTooFast: perHour > most && perSecond * duration > noise };
}
