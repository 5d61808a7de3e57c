export type Series = {
  /** Name of a number in the points. */
  key: string;
  label: string;
};

/** A bar: its name, and a number for each series. */
export type Point = { name: string } & Record<string, number | string>;

export type ChartProps = {
  /** Accessible name of the chart and its table. */
  caption: string;
  points: readonly Point[];
  /** Heading of the column with the names in the table. */
  nameTitle?: string;
  /** Stacked from the bottom. At most six. */
  series: readonly Series[];
  /** Text of a number, such as `1,200` or `$0.12`. */
  format: (value: number) => string;
};
