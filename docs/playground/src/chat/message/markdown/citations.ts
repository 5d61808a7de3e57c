/** Makes `[web:3]`, the identifier of a source, a link to `web:3`. A link of the model keeps its own address. */
export const withCitations = (text: string) => text.replace(/\[(web:\d{1,6})\](?![(:]|\[(?!web:))/g, '[$1]($1)');

export const isCitation = (address: string | undefined): address is string => address !== undefined && /^web:\d{1,6}$/.test(address);
