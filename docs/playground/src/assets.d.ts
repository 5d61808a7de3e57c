/** Importing an SVG returns its URL. */
declare module '*.svg' {
  const address: string;
  export default address;
}

/** Importing with `?url` copies the file unchanged into the build and returns its URL. */
declare module '*?url' {
  const address: string;
  export default address;
}

declare module '*.css';
