/** A picture, as the address it is served at. */
declare module '*.svg' {
  const address: string;
  export default address;
}
