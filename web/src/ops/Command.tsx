import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Button, FieldError, Label, Text, TextArea, TextField } from 'react-aria-components';
import { api, ask, type Schemas } from '../shared/client';
import { FactList } from '../shared/FactList';
import { Heading } from '../shared/Layout';
import { ProblemPanel } from '../shared/ProblemPanel';
import css from '../shared/ui.module.css';
import { Fields } from './Fields';
import { fieldsOf, paramsOf, valuesOf } from './form';
import { Outcome, Preview } from './Outcome';
import { Panel } from './Panel';
import { commands } from './queries';

type Described = Schemas['CommandOut'];
type Given = { name: string; params: Record<string, unknown> };

/** One recovery command: what it is for, its form, what it would do, and then what it did. */
export function Command({ name, params }: Given) {
  return (
    <>
      <Heading>{name}</Heading>
      <Panel query={useQuery(commands)} what="Commands">
        {(found) => {
          const command = found.find((each) => each.name === name);
          return command ? (
            <Run key={JSON.stringify([name, params])} command={command} params={params} />
          ) : (
            <p>There is no such command here. It may belong to a pillar that this process does not serve.</p>
          );
        }}
      </Panel>
    </>
  );
}

function About({ command }: { command: Described }) {
  const second = command.needsSecondOperator ? `Needed: ${command.secondOperatorWhen}` : 'Not needed';
  const rows: [string, string][] = [
    ['When to use', command.whenToUse],
    ['Side effects', command.sideEffects],
    ['Who', command.roles.join(', ')],
    ['Second operator', second],
  ];
  return <FactList rows={rows} />;
}

function Run({ command, params: given }: { command: Described; params: Record<string, unknown> }) {
  const fields = fieldsOf(command.parameters);
  const [values, setValues] = useState(() => valuesOf(fields, given));
  const [reason, setReason] = useState('');
  const [tried, setTried] = useState(false);
  const client = useQueryClient();
  const { params, wrong } = paramsOf(fields, values);
  const body = { params, reason: reason.trim() };
  const sent = (dryRun: boolean, asked: typeof body) =>
    ask(
      api.POST('/ops/commands/{name}', { params: { path: { name: command.name } }, body: { ...asked, dryRun } }),
      !dryRun,
    );
  const trying = useMutation({ mutationFn: (asked: typeof body) => sent(true, asked) });
  const running = useMutation({
    mutationFn: (asked: typeof body) => sent(false, asked),
    onSettled: () => client.invalidateQueries({ predicate: (query) => query.queryKey[0] !== 'me' }),
  });
  const isWhole = Object.keys(wrong).length === 0 && body.reason !== '';
  // what was shown must be what is done: another parameter takes the preview away
  const shown = JSON.stringify(trying.variables?.params) === JSON.stringify(params) ? trying.data : undefined;
  const mayRun = command.supportsDryRun ? shown !== undefined : true;
  const isBusy = trying.isPending || running.isPending;

  function go(mutate: (asked: typeof body) => void) {
    setTried(true);
    running.reset();
    if (isWhole) mutate(body);
  }

  if (running.data)
    return (
      <Outcome
        outcome={running.data}
        again={() => {
          running.reset();
          trying.reset();
        }}
      />
    );
  return (
    <>
      <div className={css.sheet}>
        <About command={command} />
      </div>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (command.supportsDryRun) go(trying.mutate);
        }}
      >
        <Fields
          fields={fields}
          values={values}
          wrong={tried ? wrong : {}}
          onChange={(name, value) => setValues((before) => ({ ...before, [name]: value }))}
        />
        <TextField
          className={css.field}
          value={reason}
          onChange={setReason}
          isInvalid={tried && body.reason === ''}
          name="reason"
        >
          <Label>Reason</Label>
          <TextArea rows={2} />
          <Text slot="description" className={css.hint}>
            A sentence for the audit: why now.
          </Text>
          <FieldError className={css.wrong}>No recovery is anonymous: say why.</FieldError>
        </TextField>
        {trying.error && <ProblemPanel what="Dry run" error={trying.error} />}
        {shown && <Preview outcome={shown} />}
        {running.error && <ProblemPanel what={command.name} error={running.error} />}
        {!command.supportsDryRun && <p>This command has no dry run. Read its side effects above first.</p>}
        <div className={css.row}>
          {command.supportsDryRun && (
            <Button type="submit" className={shown ? css.button : css.main} isDisabled={isBusy}>
              {trying.isPending ? 'Asking…' : 'Dry run'}
            </Button>
          )}
          <Button
            className={mayRun ? css.main : css.button}
            isDisabled={isBusy || !mayRun}
            onPress={() => go(running.mutate)}
          >
            {running.isPending ? 'Running…' : 'Do it'}
          </Button>
          {command.supportsDryRun && !shown && <span className={css.faint}>First see what would happen.</span>}
        </div>
      </form>
    </>
  );
}
