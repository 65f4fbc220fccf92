// Turn an address of these pages into a link that moves without loading, and is a plain link to everything else.

import type { MouseEvent, ReactNode } from 'react';
import { BASE, navigate, placeOf, useAddress } from './router';

type Props = { to: string; children: ReactNode; className?: string | undefined; label?: string };

export function Link({ to, children, className, label }: Props) {
  function follow(event: MouseEvent) {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(to);
  }
  return (
    <a href={BASE + to} onClick={follow} className={className} aria-label={label}>
      {children}
    </a>
  );
}

export function NavLink({ to, children, className }: Props) {
  const here = placeOf(useAddress()).path;
  const current = here === to || (to !== '/ops' && here.startsWith(`${to}/`));
  return (
    <a
      href={BASE + to}
      className={className}
      aria-current={current ? 'page' : undefined}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        navigate(to);
      }}
    >
      {children}
    </a>
  );
}
