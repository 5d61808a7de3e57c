/** A text that is collected from pieces. With `+=`, each piece would stay an object of its own: a text of single characters would take 50 times its size. */
export type LongText = { add(piece: string): void; toString(): string };

const piecesPerBlock = 1_000;

export function createLongText(): LongText {
  const blocks: string[] = [];
  let pieces: string[] = [];
  return {
    add(piece) {
      if (piece !== '') pieces.push(piece);
      if (pieces.length < piecesPerBlock) return;
      blocks.push(pieces.join(''));
      pieces = [];
    },
    toString: () => [...blocks, ...pieces].join(''),
  };
}
