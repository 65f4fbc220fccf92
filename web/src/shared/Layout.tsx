import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { Button } from 'react-aria-components';
import { NavLink } from './Link';
import css from './layout.module.css';
import { navigate } from './router';
import ui from './ui.module.css';

type Props = { links: [to: string, name: string][]; who: string; onSignOut: () => void; children: ReactNode };

/** The frame of every screen: where to go, any id's story, who acts. */
export function Layout({ links, who, onSignOut, children }: Props) {
  const [id, setId] = useState('');
  function search(event: FormEvent) {
    event.preventDefault();
    if (id.trim()) navigate(`/ops/story/${encodeURIComponent(id.trim())}`);
  }
  return (
    <>
      <a className={css.skip} href="#main">
        Skip to the content
      </a>
      <header className={css.header}>
        <span className={css.brand}>Ruach Studio</span>
        <nav className={css.nav} aria-label="Operations">
          {links.map(([to, name]) => (
            <NavLink key={to} to={to}>
              {name}
            </NavLink>
          ))}
        </nav>
        <div className={css.who}>
          <span>{who}</span>
          <Button className={ui.quiet} onPress={onSignOut}>
            Sign out
          </Button>
        </div>
        {links.length > 0 && (
          <search>
            <form className={css.search} onSubmit={search}>
              <input
                value={id}
                onChange={(event) => setId(event.target.value)}
                aria-label="Story of an id"
                placeholder="Any id: request, job, session, enrollment"
                autoCapitalize="none"
                spellCheck="false"
              />
              <Button type="submit" className={ui.button}>
                Tell
              </Button>
            </form>
          </search>
        )}
      </header>
      <main id="main" className={css.main}>
        {children}
      </main>
    </>
  );
}

/** A screen's heading: names the tab, and takes the focus when the reader comes from another screen. */
export function Heading({ children }: { children: string }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${children} · Ruach Studio`;
    if (document.activeElement === document.body || document.activeElement?.closest('nav, main, form'))
      heading.current?.focus();
  }, [children]);
  return (
    <h1 ref={heading} tabIndex={-1}>
      {children}
    </h1>
  );
}
