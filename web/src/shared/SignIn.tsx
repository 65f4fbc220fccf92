import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { Button, Form, Input, Label, TextField } from 'react-aria-components';
import { api, ask, type Schemas } from './client';
import { ProblemPanel } from './ProblemPanel';
import css from './ui.module.css';

type Props = { then: (me: Schemas['Me']) => void; why: string };

/** Email and password; the address in the browser stays what it was, so whoever came for a letter gets the letter. */
export function SignIn({ then, why }: Props) {
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const entering = useMutation({
    mutationFn: () => ask(api.POST('/auth/login', { body: { email, password } })),
    onSuccess: then,
  });
  return (
    <>
      <h1>Sign in</h1>
      <p>{why}</p>
      {entering.error && <ProblemPanel what="Not signed in" error={entering.error} />}
      <Form
        onSubmit={(event) => {
          event.preventDefault();
          entering.mutate();
        }}
      >
        <TextField
          className={css.field}
          isRequired
          type="email"
          value={email}
          onChange={setEmail}
          autoComplete="username"
        >
          <Label>Email</Label>
          <Input autoCapitalize="none" spellCheck="false" />
        </TextField>
        <TextField
          className={css.field}
          isRequired
          type="password"
          value={password}
          onChange={setPassword}
          autoComplete="current-password"
        >
          <Label>Password</Label>
          <Input />
        </TextField>
        <Button type="submit" className={css.main} isDisabled={entering.isPending}>
          {entering.isPending ? 'Signing in…' : 'Sign in'}
        </Button>
      </Form>
    </>
  );
}
