const cents = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' });
const fractions = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD', maximumSignificantDigits: 2 });

/** An amount in US dollars. Less than ten cents are shown to two significant digits, such as $0.00042. */
export const dollars = (value: number): string => (value === 0 || value >= 0.1 ? cents : fractions).format(value);

/** A cost in US dollars. Tokens of a model whose price is not known cost 0. */
export const costOf = (usd: number | null, tokens: number): string => (!usd && tokens > 0 ? 'No price' : dollars(usd ?? 0));
