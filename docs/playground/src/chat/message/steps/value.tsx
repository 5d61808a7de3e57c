import { Scrolling } from '../../../components/scrolling.tsx';

const maxCharacters = 20_000;

/** A value as JSON, a string as it is; truncated after 20 000 characters. */
export function Value({ title, value }: { title: string; value: unknown }) {
  const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2);
  if (!text) return null;
  return (
    <div className="value">
      <p>{title}</p>
      <Scrolling as="pre">
        {text.length > maxCharacters ? `${text.slice(0, maxCharacters)}\n… ${text.length - maxCharacters} more characters` : text}
      </Scrolling>
    </div>
  );
}
