import { useState } from 'react';
import { Button } from 'react-aria-components';
import css from './ui.module.css';

/** A text in code letters and a button that copies it; where the browser refuses, it says so. */
export function Copy({ text, name }: { text: string; name: string }) {
  const [said, setSaid] = useState('Copy');
  async function copy() {
    try {
      await navigator.clipboard.writeText(text);
      setSaid('Copied');
    } catch {
      setSaid('Select it by hand');
    }
  }
  return (
    <span className={css.copy}>
      <code>{text}</code>
      <Button className={css.quiet} onPress={copy} aria-label={`${said}: ${name}`}>
        {said}
      </Button>
    </span>
  );
}
