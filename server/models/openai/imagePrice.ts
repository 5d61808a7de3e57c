import list from '../known/knownModels.json' with { type: 'json' };
import { openAiBase, type OpenAiRoute } from '../route.ts';
import { asAmount, asObject, asText, type Json } from '../wire/json.ts';

const prices: Readonly<Record<string, Readonly<Record<string, number>>>> = list.usd_per_image.openai;
const hostOf = (url: string | null) => new URL(openAiBase(url)).host;

/**
 * What an image of the vendor's tool costs in US dollars. The usage of the response does not contain it. `image_usd` of `advanced_json` is the price of
 * every image. Otherwise it is that of the vendor for the quality and the size, and that of the dearest image if these are not in the list. Undefined
 * at other servers, whose prices are unknown.
 */
export function imagePriceOf({ advanced_json: advanced, base_url: url }: OpenAiRoute): (item: Json) => number | undefined {
  const own = asAmount(asObject(advanced).image_usd);
  if (own !== undefined) return () => own;
  if (hostOf(url ?? null) !== hostOf(null)) return () => undefined;
  return (item) => {
    const quality = prices[asText(item.quality)];
    const candidates = quality ? [quality] : Object.values(prices);
    const listed = candidates.flatMap((sizes) => sizes[asText(item.size)] ?? []);
    return Math.max(...(listed.length > 0 ? listed : candidates.flatMap((sizes) => Object.values(sizes))));
  };
}
