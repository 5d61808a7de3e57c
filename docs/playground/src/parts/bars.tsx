import { count } from './format.tsx';

type Bar = { name: string; value: number /** In words, beside the value. */; told: string };

/** Figures side by side, drawn and as a table to read. */
export function Bars({ caption, bars }: { caption: string; bars: readonly Bar[] }) {
  const most = Math.max(...bars.map(({ value }) => value));
  const step = 100 / bars.length;
  return (
    <figure className="bars">
      <svg viewBox="0 0 100 40" preserveAspectRatio="none" aria-hidden="true">
        {bars.map(({ name, value, told }, index) => (
          <g key={name}>
            <title>{`${name}: ${told}`}</title>
            <rect className="column" x={index * step} y={0} width={step} height={40} />
            <rect
              className={value === 0 ? 'bar none' : 'bar'}
              x={index * step + step * 0.15}
              width={step * 0.7}
              y={40 - heightOf(value, most)}
              height={heightOf(value, most)}
            />
          </g>
        ))}
      </svg>
      <figcaption>
        <span>{bars[0]?.name}</span>
        <span>{most === 0 ? 'nothing used' : `most: ${count(most)}`}</span>
        <span>{bars.at(-1)?.name}</span>
      </figcaption>
      <details>
        <summary>As a table</summary>
        <table className="table">
          <caption className="for-readers">{caption}</caption>
          <tbody>
            {bars
              .filter(({ value }) => value > 0)
              .map(({ name, told }) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td>{told}</td>
                </tr>
              ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
}

/** Of a drawing 40 high. A day with a little is seen too. */
const heightOf = (value: number, most: number) => (value === 0 ? 0.4 : Math.max(1, (value / most) * 39));
