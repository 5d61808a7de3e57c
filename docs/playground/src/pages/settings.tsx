import { Suspense, useLayoutEffect, useRef, useState } from 'react';
import { Link, Redirect, useLocation } from 'wouter';
import { ErrorBoundary } from '../components/errorBoundary.tsx';
import { Page } from '../components/page.tsx';
import { Empty, ErrorNotice, Loading } from '../components/states.tsx';
import { useMe } from '../me.ts';
import { areaOf, type SettingsArea, settingsAreas, type SettingsPage, settingsPages } from '../settings.ts';
import { Bar } from '../shell/bar.tsx';
import { ButtonLink } from '../ui/buttons.tsx';
import { Combobox } from '../ui/combobox.tsx';
import { Segments, TextField } from '../ui/fields.tsx';

const areas = Object.keys(settingsAreas) as SettingsArea[];
const addressOf = ({ path }: SettingsPage) => `/settings/${path}`;

/** The navigation can be longer than the window. */
const scrollIntoView = (link: HTMLElement | null) => link?.scrollIntoView({ block: 'nearest' });

/** Every typed word is the beginning of a word of the title, the group or a keyword. */
function isFound({ title, group, keywords = '' }: SettingsPage, search: string): boolean {
  const words = `${title} ${group} ${keywords}`.toLowerCase().split(/[\s-]+/);
  const typed = search.toLowerCase().split(/[\s-]+/);
  return typed.every((each) => words.some((word) => word.startsWith(each)));
}

const groupsOf = (pages: readonly SettingsPage[], area: SettingsArea) =>
  settingsAreas[area]
    .map((group) => ({ group, pages: pages.filter((each) => each.group === group) }))
    .filter((entry) => entry.pages.length > 0);

/** Layout and navigation of the settings pages. `address` is the path of a page, or `path/id` for one thing on it. */
export default function Settings({ address }: { address: string }) {
  const [path = '', id] = address.split('/');
  const [, navigate] = useLocation();
  const user = useMe();
  const me = user.data;
  const shown = settingsPages.filter(({ shownTo }) => !shownTo || (me !== undefined && shownTo(me)));
  const page = settingsPages.find((each) => each.path === path);
  if (path === '') return <Redirect to={addressOf(settingsPages[0]!)} replace />;
  const options = areas.flatMap((area) => groupsOf(shown, area));
  return (
    <>
      <Bar title="Settings" />
      <div className="settings-chooser">
        <Combobox
          label="Page"
          hideLabel
          value={path}
          search="Search settings…"
          onChange={(next) => navigate(`/settings/${next}`)}
          options={options.map(({ group, pages }) => ({
            label: group,
            options: pages.map((each) => ({ value: each.path, label: each.title, keywords: [each.keywords ?? ''] })),
          }))}
        />
      </div>
      <div className="settings">
        <Navigation user={user} pages={shown} page={page} />
        <div className="scroll">
          {user.isLoadingError && <ErrorNotice error={user.error} retry={() => user.refetch()} />}
          {!page && <NoSuchPage />}
          <ErrorBoundary key={address}>
            <Suspense fallback={<Loading />}>
              {page && <page.Page id={id} />}
              <ScrollPlace key={address} />
            </Suspense>
          </ErrorBoundary>
        </div>
      </div>
    </>
  );
}

const NoSuchPage = () => (
  <Page title="Page not found">
    <Empty title="There is no such settings page" action={<ButtonLink href={addressOf(settingsPages[0]!)}>Open the first page</ButtonLink>}>
      The address may be mistyped, or of another version.
    </Empty>
  </Page>
);

/** Where each entry of the history was left. */
const places = new Map<string | undefined, number>();

/** Undefined in browsers without the Navigation API, where every page begins at its top. */
const entryKey = (): string | undefined => globalThis.navigation?.currentEntry?.key;

/** A new page begins at its top. Going back leads to where it was left. Rendered with the page, which may be loaded first. */
function ScrollPlace() {
  const mark = useRef<HTMLSpanElement>(null);
  useLayoutEffect(() => {
    const box = mark.current?.closest('.scroll');
    if (!box) return undefined;
    box.scrollTop = places.get(entryKey()) ?? 0;
    const keep = () => void (entryKey() !== undefined && places.set(entryKey(), box.scrollTop));
    box.addEventListener('scroll', keep, { passive: true });
    return () => box.removeEventListener('scroll', keep);
  }, []);
  return <span ref={mark} hidden />;
}

/** The pages of an area in groups, or those of all areas that a search finds. */
type NavigationProps = { user: ReturnType<typeof useMe>; pages: readonly SettingsPage[]; page: SettingsPage | undefined };

function Navigation({ user, pages, page }: NavigationProps) {
  const [, navigate] = useLocation();
  const [search, type] = useState('');
  const wanted = search.trim();
  const found = pages.filter((each) => isFound(each, wanted));
  const area = page ? areaOf(page) : 'Settings';
  // Until the permissions are known, some of the pages would be missing.
  const groups = user.isPending ? [] : wanted ? areas.flatMap((each) => groupsOf(found, each)) : groupsOf(pages, area);
  const hasAreas = pages.some((each) => areaOf(each) === 'Platform');
  const toArea = (next: SettingsArea) => navigate(addressOf(pages.find((each) => areaOf(each) === next)!));
  return (
    <nav aria-label="Settings">
      <TextField
        label="Search settings"
        hideLabel
        type="search"
        placeholder="Search settings"
        value={search}
        onChange={({ currentTarget }) => type(currentTarget.value)}
        onKeyDown={({ key }) => {
          const [first] = found;
          if (key === 'Enter' && wanted && first) navigate(addressOf(first));
        }}
      />
      {hasAreas && !wanted && (
        <Segments label="Area" hideLabel value={area} onChange={toArea} options={areas.map((each) => [each, each] as const)} />
      )}
      <div className="pages">
        {user.isPending && <Loading />}
        {groups.map(({ group, pages: inGroup }) => (
          <section key={group} aria-labelledby={`settings-${group.replaceAll(' ', '-')}`}>
            <h2 id={`settings-${group.replaceAll(' ', '-')}`}>{group}</h2>
            {inGroup.map((each) => (
              <div className="nav-row" key={each.path}>
                <Link
                  href={addressOf(each)}
                  aria-current={each === page ? 'page' : undefined}
                  ref={each === page ? scrollIntoView : undefined}
                >
                  {each.title}
                </Link>
              </div>
            ))}
          </section>
        ))}
        {groups.length === 0 && !user.isPending && <p className="muted small">No page matches.</p>}
      </div>
    </nav>
  );
}
