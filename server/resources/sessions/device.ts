import Bowser from 'bowser';

/** Longer headers are cut: the name of a device is at the beginning. */
const maxLength = 512;
const maxNameLength = 40;

/** A readable name such as `Firefox 128 on Linux`, from a `User-Agent` header. Null if neither program nor system is known. */
export function deviceName(userAgent: string | null): string | null {
  const text = userAgent?.slice(0, maxLength).trim();
  if (!text) return null;
  const { browser, os } = Bowser.parse(text);
  // For a browser that it does not know, the parser returns the beginning of the text, such as `Mozilla`.
  const isKnown = browser.name && browser.name !== 'Mozilla' && browser.name.length <= maxNameLength;
  const program = isKnown ? withVersion(browser.name!, browser.version) : productOf(text);
  return [program, os.name].filter(Boolean).join(' on ') || null;
}

const withVersion = (name: string, version: string | undefined) => (version ? `${name} ${version.split('.')[0]}` : name);

/** The first product of a program that is no browser (RFC 9110, section 10.1.5), such as `curl 8` of `curl/8.5.0`. */
function productOf(text: string): string | undefined {
  const [, name, version] = /^([\w.-]{1,40})(?:\/(\d{1,9}))?/.exec(text) ?? [];
  return name && name !== 'Mozilla' ? withVersion(name, version) : undefined;
}
