import type { Outbound, OutboundInit } from '../../../kernel/outbound.ts';

/** Where the vendors are that have one address for everybody. */
export type Vendors = { tavily: string; duckduckgo: string; jina: string; firecrawl: string };

/** The addresses of the vendors; tests put their own in their place. */
export const vendors: Vendors = {
  tavily: 'https://api.tavily.com',
  duckduckgo: 'https://html.duckduckgo.com',
  jina: 'https://r.jina.ai',
  firecrawl: 'https://api.firecrawl.dev',
};

/** A vendor that did not do its part. Its own words are kept to itself: they may repeat the key. */
export class VendorFailure extends Error {
  override name = 'VendorFailure';
  readonly statusCode: number | undefined;
  constructor(statusCode?: number) {
    super('The provider of the tool failed.');
    this.statusCode = statusCode;
  }
}

const maxBytes = 8 * 2 ** 20;

/** The text that a vendor answers with 200. Throws `VendorFailure` for everything else. */
export async function askVendor(outbound: Outbound, url: string, init: OutboundInit): Promise<string> {
  let statusCode: number | undefined;
  try {
    const response = await outbound.fetch(url, init);
    if (response.status !== 200) {
      statusCode = response.status;
      await response.body?.cancel();
      throw new VendorFailure(statusCode);
    }
    const { bytes, cut } = await readUpTo(response.body, maxBytes);
    if (cut) throw new VendorFailure();
    return bytes.toString('utf8');
  } catch (error) {
    throw error instanceof VendorFailure ? error : new VendorFailure(statusCode);
  }
}

/** A request of JSON under a bearer key. */
export const jsonRequest = (apiKey: string | undefined, body: unknown): OutboundInit => ({
  method: 'POST',
  headers: {
    accept: 'application/json',
    'content-type': 'application/json',
    ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
  },
  body: JSON.stringify(body),
});

/** The beginning of a body, after decompression; the rest is neither read nor kept. */
export async function readUpTo(body: AsyncIterable<Uint8Array> | null, most: number): Promise<{ bytes: Buffer; cut: boolean }> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > most) break;
  }
  return { bytes: Buffer.concat(chunks).subarray(0, most), cut: size > most };
}
