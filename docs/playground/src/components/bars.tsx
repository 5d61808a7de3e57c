import { count } from './format.tsx';

type Bar = { name: string; value: number /** The value as text. */; label: string };

/** A bar chart with the same data as a table. */
export function BarChart({ caption, bars }: { caption: string; bars: readonly Bar[] }) {
  const most = Math.max(...bars.map(({ value }) => value));
  const step = 100 / bars.length;
  return (
    <figure className="bars">
      <svg viewBox="0 0 100 40" preserveAspectRatio="none" aria-hidden="true">
        {bars.map(({ name, value, label }, index) => (
          <g key={name}>
            <title>{`${name}: ${label}`}</title>
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
        <span>{most === 0 ? 'no usage' : `max: ${count(most)}`}</span>
        <span>{bars.at(-1)?.name}</span>
      </figcaption>
      <details>
        <summary>Show as table</summary>
        <table className="table">
          <caption className="for-readers">{caption}</caption>
          <tbody>
            {bars
              .filter(({ value }) => value > 0)
              .map(({ name, label }) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td>{label}</td>
                </tr>
              ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
}

/** In units of a chart of height 40. Small values get a visible minimum height. */
const heightOf = (value: number, most: number) => (value === 0 ? 0.4 : Math.max(1, (value / most) * 39));
