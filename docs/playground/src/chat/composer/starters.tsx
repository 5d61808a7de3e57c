import { Icon, type IconName } from '../../ui/icons.tsx';

const starters: readonly { icon: IconName; title: string; prompt: string }[] = [
  { icon: 'search', title: 'Research a topic', prompt: 'Research this topic and summarize what matters, with sources: ' },
  { icon: 'edit', title: 'Draft a text', prompt: 'Draft a short, friendly email that ' },
  { icon: 'file', title: 'Summarize a document', prompt: 'Summarize the following text in five bullet points:\n\n' },
  { icon: 'code', title: 'Explain code', prompt: 'Explain step by step what this code does:\n\n' },
];

/** Beginnings of messages for an empty chat. Choosing one writes it into the composer, to be completed. */
export const Starters = ({ onChoose }: { onChoose: (prompt: string) => void }) => (
  <ul className="starters" aria-label="Suggestions">
    {starters.map(({ icon, title, prompt }) => (
      <li key={title}>
        <button type="button" className="starter" onClick={() => onChoose(prompt)}>
          <Icon name={icon} />
          <span>{title}</span>
        </button>
      </li>
    ))}
  </ul>
);
