/** Importing an SVG returns its URL. */
declare module '*.svg' {
  const address: string;
  export default address;
}
