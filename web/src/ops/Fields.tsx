import { FieldError, Input, Label, Text, TextArea, TextField } from 'react-aria-components';
import css from '../shared/ui.module.css';
import type { Field, Value, Values } from './form';

type Props = {
  fields: Field[];
  values: Values;
  wrong: Record<string, string>;
  onChange: (name: string, value: Value) => void;
};

/** The form of a command's parameters. */
export function Fields({ fields, values, wrong, onChange }: Props) {
  return fields.map((field) => (
    <One
      key={field.name}
      field={field}
      value={values[field.name] ?? ''}
      wrong={wrong[field.name]}
      onChange={(value) => onChange(field.name, value)}
    />
  ));
}

type OneProps = { field: Field; value: Value; wrong: string | undefined; onChange: (value: Value) => void };

function One({ field, value, wrong, onChange }: OneProps) {
  const { name, label, kind, required, options, help } = field;
  const named = required ? label : `${label} (optional)`;
  if (kind === 'check') {
    return (
      <div className={css.field}>
        <label>
          <input
            type="checkbox"
            name={name}
            checked={value === true}
            onChange={(event) => onChange(event.target.checked)}
          />{' '}
          {label}
        </label>
        {help && <span className={css.hint}>{help}</span>}
      </div>
    );
  }
  if (kind === 'choices') {
    const chosen = Array.isArray(value) ? value : [];
    return (
      <fieldset className={css.field}>
        <legend>{named}</legend>
        {options.map((each) => (
          <label key={each}>
            <input
              type="checkbox"
              name={name}
              checked={chosen.includes(each)}
              onChange={(event) =>
                onChange(event.target.checked ? [...chosen, each] : chosen.filter((one) => one !== each))
              }
            />{' '}
            {each}
          </label>
        ))}
        {wrong && <span className={css.wrong}>{wrong}</span>}
      </fieldset>
    );
  }
  if (kind === 'choice') {
    const hint = `${name}-hint`;
    return (
      <div className={css.field}>
        <label htmlFor={`field-${name}`}>{named}</label>
        <select
          id={`field-${name}`}
          name={name}
          value={String(value)}
          onChange={(event) => onChange(event.target.value)}
          aria-invalid={wrong ? true : undefined}
          aria-describedby={help || wrong ? hint : undefined}
        >
          <option value="">{required ? 'Choose' : 'Leave open'}</option>
          {options.map((each) => (
            <option key={each} value={each}>
              {each}
            </option>
          ))}
        </select>
        {(help || wrong) && (
          <span id={hint} className={wrong ? css.wrong : css.hint}>
            {wrong ?? help}
          </span>
        )}
      </div>
    );
  }
  const long = kind === 'lines' || kind === 'json';
  const hint = [help, kind === 'lines' && 'One a line.', kind === 'json' && 'As JSON.'].filter(Boolean).join(' ');
  return (
    <TextField className={css.field} name={name} value={String(value)} onChange={onChange} isInvalid={Boolean(wrong)}>
      <Label>{named}</Label>
      {long ? (
        <TextArea rows={3} />
      ) : (
        <Input inputMode={kind === 'text' ? 'text' : 'decimal'} autoCapitalize="none" spellCheck="false" />
      )}
      {hint && (
        <Text slot="description" className={css.hint}>
          {hint}
        </Text>
      )}
      <FieldError className={css.wrong}>{wrong}</FieldError>
    </TextField>
  );
}
