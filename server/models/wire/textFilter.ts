export type Span = { text: string; channel?: 'thinking' };

export type TextFilter = { push(text: string): Span[]; flush(): Span[] };

const endTurn = '<end_turn>';
const think = { open: '<think>', close: '</think>' };

/** Removes the control token `<end_turn>`. With `thinkTags`, moves `<think>…</think>` to the thinking channel. */
export function createTextFilter({ thinkTags }: { thinkTags: boolean }): TextFilter {
  let pending = '';
  let thinking = false;
  const tokens = () => (thinkTags ? [endTurn, thinking ? think.close : think.open] : [endTurn]);

  const span = (text: string): Span[] => (text === '' ? [] : thinking ? [{ text, channel: 'thinking' }] : [{ text }]);

  /** Releases everything that cannot be the beginning of a token. */
  function settled(): Span[] {
    const kept = Math.max(...tokens().map((token) => overlap(pending, token)));
    const spans = span(pending.slice(0, pending.length - kept));
    pending = pending.slice(pending.length - kept);
    return spans;
  }

  return {
    push(text) {
      pending += text;
      const spans: Span[] = [];
      for (let found = firstOf(pending, tokens()); found; found = firstOf(pending, tokens())) {
        spans.push(...span(pending.slice(0, found.at)));
        pending = pending.slice(found.at + found.token.length);
        if (found.token !== endTurn) thinking = !thinking;
      }
      return [...spans, ...settled()];
    },
    flush() {
      const spans = span(pending);
      pending = '';
      return spans;
    },
  };
}

function firstOf(text: string, tokens: string[]) {
  const found = tokens.map((token) => ({ token, at: text.indexOf(token) })).filter(({ at }) => at >= 0);
  return found.sort((a, b) => a.at - b.at)[0];
}

/** Number of characters at the end of `text` that are a prefix of `token`. */
function overlap(text: string, token: string) {
  for (let length = Math.min(text.length, token.length - 1); length > 0; length--) if (text.endsWith(token.slice(0, length))) return length;
  return 0;
}
