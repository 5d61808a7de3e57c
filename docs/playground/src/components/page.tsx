import { type ReactNode, useEffect } from 'react';
import { printable } from '../../../../contract/shared/text.ts';

type PageProps = {
  title: string;
  /** Link to the list, on the page of one thing. */
  back?: ReactNode;
  intro?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  /** For two columns. */
  wide?: boolean;
};

/** Layout of a settings page. */
export function Page({ title, back, intro, actions, children, wide = false }: PageProps) {
  useTitle(title);
  return (
    <article className={wide ? 'page wide' : 'page'}>
      <header>
        <div>
          {back}
          <h2>{title}</h2>
          {intro && <p>{intro}</p>}
        </div>
        {actions && <div className="page-actions">{actions}</div>}
      </header>
      {children}
    </article>
  );
}

export const Section = ({ title, children }: { title: string; children: ReactNode }) => (
  <section className="section">
    <h3>{title}</h3>
    {children}
  </section>
);

export function useTitle(title: string) {
  useEffect(() => {
    document.title = printable(`${title} · Arkloop`);
  }, [title]);
}
