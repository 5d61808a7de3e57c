/** Whether a URL is of this machine. */
export const isLoopback = (url: string): boolean =>
  URL.canParse(url) && /^(?:(?:[\w-]+\.)*localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(new URL(url).hostname);
