import { Fragment, type ReactNode } from 'react';
import { Link } from 'wouter';
import { Button } from '../ui/buttons.tsx';
import { Icon } from '../ui/icons.tsx';
import { type RowAction, RowMenu } from './rowMenu.tsx';

/** Name and value pairs. A missing value is a dash. */
export const Facts = ({ facts }: { facts: readonly (readonly [name: string, value: ReactNode])[] }) => (
  <dl className="facts">
    {facts.map(([name, value]) => (
      <Fragment key={name}>
        <dt>{name}</dt>
        <dd>{value === null || value === undefined || value === false || value === '' ? '–' : value}</dd>
      </Fragment>
    ))}
  </dl>
);

/** The way from a detail page to its list. */
export const BackLink = ({ href, children }: { href: string; children: ReactNode }) => (
  <Link href={href} className="back-link">
    <Icon name="back" />
    {children}
  </Link>
);

/** The actions of a detail page: the first as a button, the others in a menu. */
export function PageActions({ of, actions }: { of: string; actions: readonly RowAction[] }) {
  const [first, ...more] = actions.filter((action) => typeof action === 'object');
  return (
    first && (
      <>
        <Button icon={first.icon} onClick={first.run}>
          {first.label}
        </Button>
        <RowMenu of={of} actions={more} />
      </>
    )
  );
}
